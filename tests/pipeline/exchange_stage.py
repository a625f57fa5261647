"""Exchanges, and what they tell their surroundings."""

import json
from collections.abc import Coroutine, Mapping
from random import Random
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from gateway.config.wiring import METADATA_PREFIX, Wiring
from gateway.model.head import Headers, ResponseHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.verdict import Emit, Forward, Gap, PassResponse, Queued, ReadResponse, Refuse
from gateway.pipeline.exchange import HttpExchange, Surroundings
from gateway.pipeline.placer import NoPools, Placer
from gateway.pipeline.snapshot import Snapshot
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import NoTracing, Tracing
from tests.identity.issuer import NOW
from tests.pipeline.stage import (
    CALLED,
    LISTEN,
    ROUTED,
    WIRING,
    asked,
    bound,
    modern,
    snapshot,
)
from tests.protocols.mcp.clients import JSON, Lines, encode, rpc

T = TypeVar("T")
AUDIT = "audit-1"
METADATA = METADATA_PREFIX + ROUTED
OK = ResponseHead(200, Headers(JSON[:1]), "via_upstream", "10.0.0.1:80")
GONE = ResponseHead(503, details="no_healthy_upstream")
LISTED = b'{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"get_issue"},{"name":"drop_all"}]}}'


class Seen:
    """What exchanges tell their surroundings."""

    def __init__(self, tracing: Tracing | None = None, placer: Placer | None = None) -> None:
        self.registry = CollectorRegistry()
        self.ticked = 0
        self.records: list[JsonObject] = []
        self.faults: list[tuple[str, Exception]] = []
        self.around = Surroundings(
            now=lambda: NOW,
            ticks=self._tick,
            new_id=lambda: AUDIT,
            write=self.records.append,
            metrics=Metrics(self.registry, latest=True),
            on_fault=lambda where, error: self.faults.append((where, error)),
            tracing=tracing or NoTracing(),
            placer=placer or NoPools(),
            random=Random(1),
        )

    def _tick(self) -> int:
        self.ticked += 1000
        return self.ticked

    def exchange(self, using: Snapshot | None = None, wiring: Wiring = WIRING) -> HttpExchange:
        return HttpExchange(using or snapshot(), wiring, self.around)

    def counted(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """The sum of the samples of a metric that have these labels."""
        wanted = (labels or {}).items()
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name and sample.labels.items() >= wanted
        )


async def rescued(exchange: HttpExchange, work: Coroutine[Any, Any, T]) -> T | Refuse:
    """As the driver of a stream does it."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  whatever a stage raises
        return exchange.fault(error)


async def judged(
    exchange: HttpExchange,
    message: Any = CALLED,
    lines: Lines = JSON,
    *,
    gap: Gap | None = None,
    **head: Any,
) -> Forward | Refuse:
    """The verdict on the head, where a body follows, or else on the whole."""
    body, asking = message if isinstance(message, bytes) else encode(message), asked(*lines, **head)
    if body and gap is not Gap.UNSENT:
        early = await rescued(exchange, exchange.preview(asking))
        if isinstance(early, Refuse):
            return early
    verdict = await rescued(exchange, exchange.judge(asking, body, gap))
    assert not isinstance(verdict, Queued)
    return verdict


async def answered(
    exchange: HttpExchange, head: ResponseHead = OK
) -> PassResponse | ReadResponse | Refuse:
    return await rescued(exchange, exchange.judge_response(head, end_of_stream=False))


def passed(emitted: Emit | Refuse) -> bytes:
    """What the client gets for a piece of a response."""
    assert isinstance(emitted, Emit)
    return emitted.data


def body_of(refusal: object) -> Any:
    assert isinstance(refusal, Refuse)
    return json.loads(refusal.answer.body)


MESSAGE, LINES = modern("tools/call", "get_issue")
MODERN_CALL: dict[str, Any] = {"message": MESSAGE, "lines": LINES}
BOUND: dict[str, Any] = {"lines": (*JSON, ("mcp-session-id", bound()))}
LISTENING: dict[str, Any] = {
    "message": b"",
    "lines": (*LISTEN, ("mcp-session-id", bound())),
    "method": "GET",
}


async def reading(exchange: HttpExchange) -> None:
    """Until the body of a list is to be read."""
    await judged(exchange, rpc("tools/list", ident=7))
    assert isinstance(await answered(exchange), ReadResponse)
