"""What is measured of an exchange, and what is not since nobody saw its end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.pipeline.exchange import HttpExchange
from tests.pipeline.exchange_stage import (
    GONE,
    LISTED,
    LISTENING,
    METADATA,
    MODERN_CALL,
    OK,
    Seen,
    answered,
    judged,
    reading,
)
from tests.pipeline.stage import (
    OPEN,
    asked,
    modern,
    tool,
)
from tests.protocols.mcp.clients import JSON, rpc

OPERATION = "mcp_server_operation_duration_seconds"
CALL_COUNT = "gatehouse_calls_total"


async def listed(exchange: HttpExchange, *pieces: bytes) -> None:
    """Read a list in these pieces; the last of them ends it."""
    await reading(exchange)
    for piece in pieces:
        await exchange.read(piece, end_of_stream=piece is pieces[-1])


async def test_a_call_is_counted_by_the_name_that_a_policy_spells_out(seen: Seen) -> None:
    for name in ("get_issue", "drop_all", "made up"):
        await judged(exchange := seen.exchange(), tool(name))
        exchange.finish(unread=False)
    labels = {"route": "triage", "protocol": "mcp", "method": "tools/call"}
    allowed, refused = {**labels, "decision": "allow"}, {**labels, "decision": "refuse"}
    assert seen.counted(CALL_COUNT, {**allowed, "target": "get_issue"}) == 1
    assert seen.counted(CALL_COUNT, {**refused, "target": "_OTHER"}) == 2


@pytest.mark.parametrize(
    "asking", [{"message": b"{"}, {"lines": ()}], ids=["unreadable", "unacceptable"]
)
async def test_a_message_that_was_never_read_has_an_unknown_method(
    seen: Seen, asking: Mapping[str, Any]
) -> None:
    await judged(exchange := seen.exchange(), **asking)
    exchange.finish(unread=False)
    assert seen.counted(CALL_COUNT, {"method": "_OTHER", "target": ""}) == 1
    assert seen.counted(f"{OPERATION}_count", {"mcp_method_name": "_OTHER"}) == 1


async def test_what_no_policy_judges_is_no_call(seen: Seen) -> None:
    for route in (OPEN, METADATA, "made-up"):
        await judged(exchange := seen.exchange(), b"x", route=route)
        exchange.finish(unread=False)
    assert seen.counted(CALL_COUNT) == 0
    assert seen.counted(f"{OPERATION}_count") == 0


async def test_an_operation_whose_end_nobody_saw_has_no_duration(seen: Seen) -> None:
    await judged(unasked := seen.exchange(), **MODERN_CALL)
    unasked.finish(unread=False)
    await judged(headed := seen.exchange())
    await answered(headed)
    headed.finish(unread=False)
    await judged(left := seen.exchange())
    left.finish(unread=False)
    await reading(passed := seen.exchange())
    passed.finish(unread=True)
    await (abandoned := seen.exchange()).preview(asked(*JSON))
    abandoned.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count") == 0
    assert seen.counted("gatehouse_requests_total") == 5


async def test_a_refused_operation_takes_as_long_as_its_judgement(seen: Seen) -> None:
    await judged(exchange := seen.exchange(), tool("drop_all"))
    exchange.finish(unread=False)
    exchange.finish(unread=False)
    labels = {
        "mcp_method_name": "tools/call",
        "error_type": "-31403",
        "rpc_response_status_code": "-31403",
    }
    assert seen.counted(f"{OPERATION}_count", labels) == 1
    assert seen.counted(f"{OPERATION}_sum", labels) > 0
    assert seen.counted(f"{OPERATION}_count") == 1


async def test_an_operation_that_the_backend_failed_ends_with_the_refusal(seen: Seen) -> None:
    await judged(exchange := seen.exchange())
    await answered(exchange, GONE)
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count", {"error_type": "-31503"}) == 1


@pytest.mark.parametrize(("status", "error"), [(202, ""), (500, "500")])
async def test_an_answer_without_a_body_is_an_end(seen: Seen, status: int, error: str) -> None:
    await judged(exchange := seen.exchange())
    await exchange.judge_response(replace(OK, status=status), end_of_stream=True)
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count", {"error_type": error}) == 1


async def test_a_list_ends_with_its_last_piece(seen: Seen) -> None:
    await listed(exchange := seen.exchange(), LISTED[:20], LISTED[20:])
    before = seen.ticked
    exchange.finish(unread=False)
    assert seen.ticked == before  # the time between its end and that of the stream is not its own
    labels = {"mcp_method_name": "tools/list", "error_type": ""}
    assert seen.counted(f"{OPERATION}_count", labels) == 1


async def test_a_list_that_broke_off_is_incomplete(seen: Seen) -> None:
    await reading(exchange := seen.exchange())
    await exchange.read(LISTED[:20], end_of_stream=False)
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count", {"error_type": "incomplete"}) == 1


async def test_a_list_that_could_not_be_read_is_told_by_the_reason(seen: Seen) -> None:
    await listed(seen_by := seen.exchange(), b"no JSON")
    seen_by.finish(unread=False)
    await reading(exchange := seen.exchange())
    exchange.read_fault(RuntimeError())
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count", {"error_type": "no_endpoint"}) == 1
    assert seen.counted(f"{OPERATION}_count", {"error_type": "own_fault"}) == 1


async def test_an_operation_ends_once(seen: Seen) -> None:
    await reading(exchange := seen.exchange())
    exchange.read_fault(RuntimeError())
    ended = seen.ticked
    for _ in range(10):
        seen.exchange()  # time goes on
    await exchange.read(b"", end_of_stream=True)
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_sum") <= ended / 1e9
    assert seen.counted(f"{OPERATION}_count") == 1


WATCHING = modern("subscriptions/listen", notifications={"toolsListChanged": True})


@pytest.mark.parametrize("revoked", [False, True])
async def test_a_stream_that_lasts_takes_as_long_as_it_lasted(seen: Seen, revoked: bool) -> None:
    await judged(exchange := seen.exchange(), *WATCHING)
    assert exchange.review is not None
    await answered(exchange)
    assert seen.counted(f"{OPERATION}_count") == 0
    if revoked:
        exchange.revoked()
    exchange.finish(unread=False)
    labels = {
        "mcp_method_name": "subscriptions/listen",
        "error_type": "revoked" if revoked else "",
    }
    assert seen.counted(f"{OPERATION}_count", labels) == 1


async def test_listening_is_a_stream_and_no_operation(seen: Seen) -> None:
    await judged(exchange := seen.exchange(), **LISTENING)
    await answered(exchange)
    exchange.finish(unread=False)
    assert seen.counted(f"{OPERATION}_count") == 0
    assert seen.counted(CALL_COUNT, {"method": "GET"}) == 1


async def test_a_client_that_makes_up_names_makes_no_time_series(seen: Seen) -> None:
    async def asks(number: int) -> set[str]:
        name = f"made up {number}"
        for message in (tool(name), rpc(name), rpc("prompts/get", {"name": name}), name.encode()):
            await judged(exchange := seen.exchange(), message)
            exchange.finish(unread=False)
        lines = (*JSON[:2], ("mcp-protocol-version", name))
        await judged(exchange := seen.exchange(), tool("get_issue"), lines)
        exchange.finish(unread=False)
        return {
            f"{sample.name}{sorted(sample.labels.items())}"
            for family in seen.registry.collect()
            for sample in family.samples
        }

    first = await asks(0)
    for number in range(1, 20):
        assert await asks(number) == first
