"""Credentials of a client that are still on the request when it leaves Envoy."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.headers import CREDENTIALS, NOT_TO_UPSTREAM_PREFIXES
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.removals import removals_of
from gateway.edge.lint.setup import Manager, Route, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        rules = list(_rules(manager))
        seen: set[tuple[str, ...]] = set()
        for route in manager.judged or [None]:
            gone = _removed_by(route) if route else frozenset[str]()
            missing = _missing(rules, gone)
            leads = route is None or route.action.given
            if missing and leads and missing not in seen:
                seen.add(missing)
                yield manager.node["http_filters"], f"upstreams get {', '.join(missing)}"


def _missing(rules: list[Node], gone: frozenset[str]) -> tuple[str, ...]:
    removals = removals_of(rules)
    names = [name for name in CREDENTIALS if name not in gone and not removals.removes(name)]
    prefixes = [one for one in NOT_TO_UPSTREAM_PREFIXES if not removals.removes_all(one)]
    return (*names, *(f"{prefix}*" for prefix in prefixes))


def _rules(manager: Manager) -> Iterator[Node]:
    """Of every header_mutation filter after the gateway was asked: it needs them itself."""
    for one in manager.after:
        if one.type == "HeaderMutation" and not one.node["disabled"].on:
            yield from one.config["mutations.request_mutations"].items


def _removed_by(route: Route) -> frozenset[str]:
    levels = (route.node, *route.around)
    return frozenset(
        one.text.lower() for level in levels for one in level["request_headers_to_remove"].items
    )


DANGER: Final = Danger(
    name="credentials-to-upstream",
    level="danger",
    reason="a backend can use what a client showed to the gateway, everywhere",
    fix="remove them by a header_mutation filter after the gateway's, as the snippet does",
    find=_find,
)
