"""Filters that change where a request goes before somebody has looked at who sends it."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import PROCESSOR, Filter, Setup

_TARGET: Final = frozenset({":authority", "host", ":path"})


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        extensions = manager.node["early_header_mutation_extensions"].items
        for one in extensions:
            yield from _rewrites(one["typed_config.mutations"])
        for one in manager.before:
            yield from _rewrites(one.config["mutations.request_mutations"])
            yield from _may_rewrite(one)


def _rewrites(mutations: Node) -> Iterator[tuple[Node, str]]:
    for mutation in mutations.items:
        key = mutation["append.header.key"]
        if key.text.lower() in _TARGET:
            yield key, f"{key.text} is rewritten before the gateway is asked"


def _may_rewrite(one: Filter) -> Iterator[tuple[Node, str]]:
    allowed = one.config["mutation_rules.allow_all_routing"]
    if one.type == PROCESSOR and allowed.on:
        yield allowed, f"{one.name} may rewrite :authority before the gateway is asked"


DANGER: Final = Danger(
    name="authority-rewritten",
    level="danger",
    reason="what is authenticated and judged is not what the client asked for",
    fix="rewrite in the route (host_rewrite_literal, prefix_rewrite), after the verdict",
    find=_find,
)
