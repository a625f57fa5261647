"""Envoy gives up before the gateway does."""

from collections.abc import Iterator
from typing import Final

from gateway.config.wiring import METADATA_KEY, WiringError, parse_wiring
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import CHECKER, Filter, Setup

_ENVOYS: Final = 0.2


def _find(setup: Setup) -> Found:
    for one in setup.askers:
        key = "grpc_service.timeout" if one.type == CHECKER else "message_timeout"
        place = one.config[key]
        waits = _ENVOYS if place.seconds is None else place.seconds
        decision = setup.expected.decision_seconds
        told = [seconds for node in _told(one) if (seconds := _seconds(node)) is not None]
        if waits <= decision:
            yield place, f"{one.name} waits {waits:g} s, a judgement may take {decision:g} s"
        elif any(seconds > waits for seconds in told):
            yield place, f"{one.name} waits {waits:g} s, the gateway is told {max(told):g} s"


def _told(one: Filter) -> Iterator[Node]:
    for entry in one.config["grpc_service.initial_metadata"].items:
        if entry["key"].text == METADATA_KEY:
            yield entry["value"]


def _seconds(node: Node) -> float | None:
    try:
        return parse_wiring(node.text).timeout
    except WiringError:
        return None


DANGER: Final = Danger(
    name="message-timeout",
    level="danger",
    reason="a late judgement ends as Envoy's bare error in place of a refusal that clients know",
    fix="wait a second longer than limits.decision_seconds (Envoy's own is 200 ms)",
    find=_find,
)
