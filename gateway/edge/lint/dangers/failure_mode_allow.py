"""A filter that lets requests go on when it got no answer."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import CHECKER, PROCESSOR, Setup

_KEY: Final = "failure_mode_allow"


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        for one in manager.filters:
            if one.type not in {PROCESSOR, CHECKER}:
                continue
            places = [one.config[_KEY]]
            places += [route.of_filter(one)[f"overrides.{_KEY}"] for route in manager.routes]
            for place in {place.path: place for place in places if place.on}.values():
                yield place, f"{one.name} goes on without an answer"


DANGER: Final = Danger(
    name="failure-mode-allow",
    level="danger",
    reason="whoever makes the service fail is let through unjudged",
    fix="set failure_mode_allow: false, or leave it out",
    find=_find,
)
