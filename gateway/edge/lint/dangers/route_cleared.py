"""Filters that have Envoy choose the route again after it was judged."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import PROCESSOR, Filter, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        for one in (*manager.after, *manager.ours):
            place = _cleared(one)
            if place is not None:
                yield place, f"{one.name} can change the route after the verdict"


def _cleared(one: Filter) -> Node | None:
    if one.config["clear_route_cache"].on:
        return one.config["clear_route_cache"]
    action = one.config["route_cache_action"]
    if one.type == PROCESSOR and action.text == "CLEAR":
        return action
    return None


DANGER: Final = Danger(
    name="route-cleared",
    level="danger",
    reason="a request is judged for one backend and sent to another",
    fix="clear_route_cache: false, or route_cache_action: DEFAULT",
    find=_find,
)
