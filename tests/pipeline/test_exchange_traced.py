"""When the spans of an exchange begin and end, and which of them is the backend's parent."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from gateway.model.verdict import Forward, Refuse
from gateway.telemetry.tracecontext import traceparent_of
from tests.pipeline.exchange_stage import (
    GONE,
    LISTED,
    LISTENING,
    METADATA,
    MODERN_CALL,
    Seen,
    answered,
    judged,
    reading,
)
from tests.pipeline.stage import OPEN, WIRING, tool
from tests.protocols.mcp.clients import META, encode, modern_lines, rpc
from tests.telemetry.stage import Exported, attributes

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSEEN = {SpanKind.SERVER}
SEEN = {SpanKind.SERVER, SpanKind.CLIENT}
TRACED: dict[str, Any] = {
    "name": "get_issue",
    "arguments": {},
    "_meta": {**META, "traceparent": PARENT},
}
TRACED_CALL: dict[str, Any] = {
    "message": encode(rpc("tools/call", TRACED, 7)),
    "lines": modern_lines("tools/call", "get_issue"),
}


@pytest.fixture
def exported() -> Exported:
    return Exported()


@pytest.fixture
def seen(exported: Exported) -> Iterator[Seen]:
    yield Seen(exported.tracing)
    exported.tracing.shutdown()


def kinds(exported: Exported) -> set[SpanKind]:
    return {span.kind for span in exported.spans()}


def upstream(forward: Forward | Refuse) -> str:
    assert isinstance(forward, Forward)
    return dict(forward.mutation.set)["traceparent"]


def own(exported: Exported, kind: SpanKind) -> str:
    context = exported.span(kind).get_span_context()
    assert context is not None
    return traceparent_of(context)


async def test_a_request_whose_answer_is_not_seen_has_a_span_that_ends_with_the_verdict(
    seen: Seen, exported: Exported
) -> None:
    forward = await judged(seen.exchange(), **MODERN_CALL)
    assert kinds(exported) == UNSEEN
    assert upstream(forward) == own(exported, SpanKind.SERVER)


async def test_a_request_whose_answer_is_seen_has_spans_that_end_with_it(
    seen: Seen, exported: Exported
) -> None:
    forward = await judged(exchange := seen.exchange())
    await answered(exchange)
    assert exported.spans() == ()
    exchange.finish(unread=False)
    exchange.finish(unread=False)
    assert kinds(exported) == SEEN
    assert upstream(forward) == own(exported, SpanKind.CLIENT)
    assert attributes(exported.span(SpanKind.CLIENT))["server.address"] == "10.0.0.1"


async def test_a_wiring_that_sends_every_answer_shows_the_upstream_hop(
    seen: Seen, exported: Exported
) -> None:
    exchange = seen.exchange(wiring=replace(WIRING, mode="duplex"))
    await judged(exchange, **MODERN_CALL)
    await answered(exchange)
    exchange.finish(unread=False)
    assert kinds(exported) == SEEN


async def test_the_spans_of_a_stream_end_with_it_though_its_record_does_not_wait(
    seen: Seen, exported: Exported
) -> None:
    await judged(exchange := seen.exchange(), **LISTENING)
    await answered(exchange)
    assert len(seen.records) == 1
    assert exported.spans() == ()
    exchange.revoked()
    exchange.finish(unread=False)
    assert {attributes(span)["error.type"] for span in exported.spans()} == {"revoked"}
    assert kinds(exported) == SEEN


async def test_a_list_that_breaks_off_is_an_error_of_the_upstream_hop(
    seen: Seen, exported: Exported
) -> None:
    await reading(exchange := seen.exchange())
    await exchange.read(LISTED[:20], end_of_stream=False)
    exchange.finish(unread=False)
    assert attributes(exported.span(SpanKind.CLIENT))["error.type"] == "incomplete"


async def test_a_backend_that_is_gone_is_an_error_of_both(seen: Seen, exported: Exported) -> None:
    await judged(exchange := seen.exchange())
    await answered(exchange, GONE)
    assert {attributes(span)["error.type"] for span in exported.spans()} == {"-31503"}
    assert kinds(exported) == SEEN


@pytest.mark.parametrize(
    ("asking", "name"),
    [
        ({"message": tool("drop_all")}, "tools/call _OTHER"),
        ({"message": tool("close_issue")}, "tools/call close_issue"),
        ({"message": b"{"}, "POST /mcp"),
        ({"lines": ()}, "POST /mcp"),
        ({"subject": None}, "tools/call get_issue"),
    ],
    ids=["denied", "lacking a scope", "unreadable", "unacceptable", "unauthenticated"],
)
async def test_every_refusal_is_a_span_that_says_why(
    seen: Seen, exported: Exported, asking: dict[str, Any], name: str
) -> None:
    exchange = seen.exchange()
    assert isinstance(await judged(exchange, **asking), Refuse)
    exchange.finish(unread=False)
    assert kinds(exported) == UNSEEN
    told = attributes(exported.span())
    assert exported.span().name == name
    assert told["gatehouse.decision"] == "refuse"
    assert told["gatehouse.reason"] == seen.records[0]["reason"]


@pytest.mark.parametrize("route", [OPEN, METADATA, "made-up"])
async def test_what_is_not_judged_has_no_span(seen: Seen, exported: Exported, route: str) -> None:
    exchange = seen.exchange()
    await judged(exchange, b"x" if route == OPEN else b"", route=route, subject=None)
    exchange.finish(unread=False)
    assert exported.spans() == ()


async def test_a_context_in_a_message_is_ours_when_it_goes_on(
    seen: Seen, exported: Exported
) -> None:
    forward = await judged(seen.exchange(), **TRACED_CALL)
    assert isinstance(forward, Forward)
    sent = json.loads(forward.body or b"")["params"]["_meta"]["traceparent"]
    assert sent == upstream(forward) == own(exported, SpanKind.SERVER)


async def test_access_control_alone_changes_headers_and_no_message(
    seen: Seen, exported: Exported
) -> None:
    forward = await judged(seen.exchange(wiring=replace(WIRING, mode="check")), **TRACED_CALL)
    assert isinstance(forward, Forward)
    assert forward.body is None
    assert upstream(forward) == own(exported, SpanKind.SERVER)


async def test_without_an_exporter_no_message_changes() -> None:
    forward = await judged(Seen().exchange(), **TRACED_CALL)
    assert isinstance(forward, Forward)
    assert forward.body is None
    assert "traceparent" not in dict(forward.mutation.set)


async def test_a_session_id_is_on_no_span(seen: Seen, exported: Exported) -> None:
    lines = dict(LISTENING["lines"])
    await judged(exchange := seen.exchange(), **LISTENING)
    await answered(exchange)
    exchange.finish(unread=False)
    told = [span.to_json() for span in exported.spans()]
    assert len(told) == len(SEEN)
    assert not [one for one in told if lines["mcp-session-id"] in one]
