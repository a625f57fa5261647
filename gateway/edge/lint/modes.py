"""How Envoy hands a body to the gateway on one route."""

from typing import Final

from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Filter, Route

HELD_WHOLE: Final = frozenset({"BUFFERED", "BUFFERED_PARTIAL"})
"""Modes in which Envoy keeps the body in a buffer until the gateway has answered."""

HELD: Final = frozenset({"BUFFERED", "FULL_DUPLEX_STREAMED"})
"""Modes in which nothing goes on before the gateway has answered, and no byte unseen."""


def mode_place(one: Filter, route: Route | None) -> Node:
    """Where the mode of request bodies is said, or would be, for a route or for all others."""
    if route is not None:
        own = route.of_filter(one)["overrides.processing_mode"]
        if own.given:
            return own["request_body_mode"]
    return one.config["processing_mode.request_body_mode"]


def body_mode(one: Filter, route: Route | None) -> str:
    """The mode of request bodies on a route of an ext_proc filter."""
    return mode_place(one, route).text or "NONE"
