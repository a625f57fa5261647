"""Somebody else writes where verdicts are looked for."""

from collections.abc import Iterator
from typing import Final

from gateway.config.wiring import VERDICT_NAMESPACES
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import CHECKER, Filter, Manager, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        for one in manager.filters:
            if one in manager.ours:
                continue
            for place in _written(one):
                yield place, f"{one.name} writes metadata of {place.text}"
            if one.type == CHECKER and _checks_beside_us(manager, one):
                yield one.node, f"{one.name} writes where the gateway's ext_authz does"


def _written(one: Filter) -> Iterator[Node]:
    """Namespaces in the rules of header_to_metadata, set_metadata and their like."""
    for node in one.config.walk():
        if node["metadata_namespace"].text in VERDICT_NAMESPACES:
            yield node["metadata_namespace"]


def _checks_beside_us(manager: Manager, one: Filter) -> bool:
    ours = [own for own in manager.ours if own.type == CHECKER]
    return any(route.has(one) for route in manager.judged if any(map(route.has, ours)))


DANGER: Final = Danger(
    name="verdict-namespace",
    level="danger",
    reason="a request that nobody judged looks as if it had a verdict",
    fix="write to another namespace; switch a foreign ext_authz off on routes in mode `check`",
    find=_find,
)
