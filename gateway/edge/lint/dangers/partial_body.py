"""ext_authz that decides by the first part of a body, or by none of it."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import CHECKER, Setup

_PARTIAL: Final = "with_request_body.allow_partial_message"


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        for one in manager.filters:
            if one.type != CHECKER:
                continue
            places = [one.config[_PARTIAL]]
            places += [
                route.of_filter(one)[f"check_settings.{_PARTIAL}"] for route in manager.routes
            ]
            for place in {place.path: place for place in places if place.on}.values():
                yield place, f"{one.name} sees the first part of a large body"
    for one in setup.askers:
        if one.type == CHECKER and not one.config["with_request_body"].given:
            yield one.config["with_request_body"], f"{one.name} sees no body"


DANGER: Final = Danger(
    name="partial-body",
    level="danger",
    reason="the rest of the body reaches the backend unjudged",
    fix="with_request_body with max_request_bytes, allow_partial_message: false and "
    "pack_as_bytes: true",
    find=_find,
)
