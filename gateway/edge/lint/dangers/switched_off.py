"""A route of the gateway's on which its filters are switched off."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Filter, Manager, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        parts = list(_parts(manager))
        for route in manager.routes:
            if not route.named or not route.action.given:
                continue
            off = [one.name for one in parts if not route.has(one)]
            if not any(route.has(one) for one in manager.ours):
                off = [*(one.name for one in manager.ours), *off]
            if off:
                yield route.node["name"], f"{route.name} does not pass {', '.join(off)}"


def _parts(manager: Manager) -> Iterator[Filter]:
    """Filters beside those that ask, which every judged request has to pass."""
    for one in manager.filters:
        generated = one.name.startswith("gatehouse.") and one not in manager.ours
        if generated and not one.node["disabled"].on:
            yield one


DANGER: Final = Danger(
    name="switched-off",
    level="danger",
    reason="its requests go unjudged, or leave with the client's credentials",
    fix="switch the filters off on routes of your own, not on a virtual host with both",
    find=_find,
)
