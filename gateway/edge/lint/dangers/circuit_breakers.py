"""Envoy's own bounds on concurrent requests, which are far below what agents need."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup

_ENVOYS: Final = {
    "max_connections": 1024,
    "max_pending_requests": 1024,
    "max_requests": 1024,
    "max_retries": 3,
}


def _find(setup: Setup) -> Found:
    clusters = {one.path: one for one in (*setup.workers, *setup.backends)}
    for cluster in clusters.values():
        low = [f"{key} {value}" for key, value in _low(cluster)]
        if low:
            name = cluster["name"].text
            yield cluster["circuit_breakers"], f"{name} has {', '.join(low)}"


def _low(cluster: Node) -> Iterator[tuple[str, int]]:
    usual = [
        one
        for one in cluster["circuit_breakers.thresholds"].items
        if one["priority"].text in {"", "DEFAULT"}
    ]
    for key, envoys in _ENVOYS.items():
        value = usual[0][key].number if usual else None
        if value is None or value <= envoys:
            yield key, int(envoys if value is None else value)


DANGER: Final = Danger(
    name="circuit-breakers",
    level="danger",
    reason="each open stream counts, and what exceeds the bound is answered with an error",
    fix="set thresholds as the snippet does, from limits.streams",
    find=_find,
)
