"""A body that the gateway would judge, and that Envoy does not hold."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.modes import HELD_WHOLE, body_mode
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import CHECKER, Manager, Route, Setup

_ENVOYS: Final = 1024 * 1024
_LIMITS: Final = ("request_body_buffer_limit", "per_request_buffer_limit_bytes")


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        for route in manager.forwarded:
            if not _held_whole(manager, route):
                continue
            own = _own_limit(route)
            if own is not None and own.number is not None and not setup.expected.configured:
                continue  # somebody chose it, and gateway.yaml is not at hand
            place = own or manager.listener["per_connection_buffer_limit_bytes"]
            holds = _ENVOYS if place.number is None else int(place.number)
            wanted = setup.expected.body_limit(route.name)
            if holds < wanted:
                at = place if place.given else route.node["name"]
                yield at, f"{route.shown} holds {holds} bytes of a body, of {wanted}"


def _held_whole(manager: Manager, route: Route) -> bool:
    return any(
        one.type == CHECKER or body_mode(one, route) in HELD_WHOLE
        for one in manager.ours
        if route.has(one)
    )


def _own_limit(route: Route) -> Node | None:
    levels = (route.node, route.action, *route.around)
    places = (level[key] for level in levels for key in _LIMITS)
    return next((place for place in places if place.given), None)


DANGER: Final = Danger(
    name="buffer-limit",
    level="danger",
    reason="larger bodies, which gateway.yaml allows, end as 413 (Envoy's own limit is 1 MiB)",
    fix="set request_body_buffer_limit on the route to its body_limit in gateway.yaml",
    find=_find,
)
