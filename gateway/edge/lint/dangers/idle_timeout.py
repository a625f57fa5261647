"""A silent stream that is taken for a dead one."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Manager, Setup

_DEFAULT: Final = 300.0
_LONG: Final = 3600.0


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        seen: set[tuple[str | int, ...]] = set()
        for route in manager.forwarded:
            place, allowed = _silence(manager, route.action["idle_timeout"])
            if 0 < allowed < _LONG and place.path not in seen:
                seen.add(place.path)
                yield place, f"{route.shown} may be silent for {allowed:g} s only"
            of_tries = route.action["retry_policy.per_try_idle_timeout"]
            if of_tries.seconds:
                yield of_tries, f"{route.shown} may be silent for {of_tries.text} only"


def _silence(manager: Manager, own: Node) -> tuple[Node, float]:
    """How many seconds a stream may be silent, 0 for ever, and where that is said."""
    if own.seconds is not None:
        return own, own.seconds
    general = manager.node["stream_idle_timeout"]
    if general.seconds is not None:
        return general, general.seconds
    return own, _DEFAULT


DANGER: Final = Danger(
    name="idle-timeout",
    level="danger",
    reason="a listening stream is silent for hours, and a long tool says nothing",
    fix="set idle_timeout: 0s on the route, and no per_try_idle_timeout",
    find=_find,
)
