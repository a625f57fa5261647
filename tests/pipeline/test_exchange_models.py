"""What is measured and recorded of answers of model servers that are read for what they cost."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.model.head import Headers, RequestHead, ResponseHead
from gateway.model.verdict import Forward, ReadResponse
from gateway.pipeline.exchange import HttpExchange
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.protocols.base import Settings
from gateway.protocols.openai import OpenAi
from tests.pipeline.exchange_stage import Seen
from tests.pipeline.stage import asked, snapshot
from tests.policy.documents import rules

ROUTED = "openai:models@tracker"
ALIASES = {"fast": "small"}
SETTINGS = Settings("/v1", "tracker", 10_000, aliases=ALIASES, usage="all")
ROUTE = RouteStage(
    "models", "/v1", None, "tracker", OpenAi(SETTINGS), 10_000, aliases=frozenset(ALIASES)
)
POLICIES = rules(
    "name: chat, effect: allow, methods: [chat/completions], models: ['*'], principals: ['*']",
    "name: never, effect: deny, models: [huge], principals: ['*']",
)
HEADERS = (("content-type", "application/json"),)
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
ANSWER = json.dumps(
    {"model": "small", "choices": [{"finish_reason": "stop"}], "usage": USAGE}
).encode()
STREAM = (
    b'data: {"choices":[{"delta":{}}]}\n\n',
    b'data: {"model":"small","choices":[{"finish_reason":"length"}]}\n\n',
    b'data: {"choices":[],"usage":' + json.dumps(USAGE).encode() + b"}\n\ndata: [DONE]\n\n",
)
DURATION = "gen_ai_server_request_duration_seconds"
TOKENS = "gen_ai_client_token_usage"
FIRST_TOKEN = "gen_ai_server_time_to_first_token_seconds"
FINISHES = "gatehouse_finish_reasons_total"
TOTAL = "gen_ai_client_inference_usage_input_tokens_total"


def models() -> Snapshot:
    return snapshot(routes={ROUTED: ROUTE}, policies=POLICIES)


def asking() -> RequestHead:
    head = asked(*HEADERS, route=ROUTED)
    return RequestHead(
        head.method,
        "/v1/chat/completions",
        headers=head.headers,
        route=ROUTED,
        peer=head.peer,
    )


async def chat(seen: Seen, model: str = "fast", **more: Any) -> HttpExchange:
    """An allowed completion whose answer is to be read."""
    exchange = seen.exchange(models())
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}
    head = asking()
    await exchange.preview(head)
    assert isinstance(await exchange.judge(head, json.dumps(body).encode(), None), Forward)
    return exchange


async def answered(exchange: HttpExchange, content_type: str, status: int = 200) -> None:
    headers = Headers((("content-type", content_type),))
    head = ResponseHead(status, headers, "via_upstream", "10.0.0.1:80")
    assert isinstance(await exchange.judge_response(head, end_of_stream=False), ReadResponse)


async def whole(exchange: HttpExchange, body: bytes = ANSWER, status: int = 200) -> None:
    """A JSON answer."""
    await answered(exchange, "application/json", status)
    await exchange.read(body, end_of_stream=True)
    exchange.finish(unread=False)


def labels(**more: str) -> Mapping[str, str]:
    return {
        "route": "models",
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "openai",
        "gen_ai_request_model": "fast",
        **more,
    }


async def test_a_json_answer_tells_its_duration_tokens_and_end(seen: Seen) -> None:
    await whole(await chat(seen))
    assert seen.counted(f"{DURATION}_count", labels(error_type="")) == 1
    assert seen.counted(f"{TOKENS}_sum", labels(gen_ai_token_type="input")) == 10
    assert seen.counted(f"{TOKENS}_sum", labels(gen_ai_token_type="output")) == 5
    assert seen.counted(FINISHES, labels(finish_reason="stop")) == 1
    assert seen.counted(TOTAL, labels()) == 10


async def test_an_answer_that_is_no_stream_has_no_first_piece(seen: Seen) -> None:
    await whole(await chat(seen))
    assert "first_chunk_us" not in seen.records[0]
    assert seen.counted(f"{FIRST_TOKEN}_count") == 0


async def test_a_stream_tells_when_its_first_piece_came(seen: Seen) -> None:
    exchange = await chat(seen, stream=True)
    await answered(exchange, "text/event-stream; charset=utf-8")
    await exchange.read(b"", end_of_stream=False)
    before = seen.ticked
    for piece in STREAM:
        await exchange.read(piece, end_of_stream=piece is STREAM[-1])
    exchange.finish(unread=False)
    first = seen.counted(f"{FIRST_TOKEN}_sum", labels())
    assert first == pytest.approx(before / 1e9)
    assert first < seen.counted(f"{DURATION}_sum", labels())
    (record,) = seen.records
    assert record["first_chunk_us"] == pytest.approx(before / 1e3)
    assert seen.counted(FINISHES, labels(finish_reason="length")) == 1
    assert seen.counted(f"{TOKENS}_sum", labels()) == 15


async def test_a_stream_that_broke_off_is_incomplete_and_costs_what_it_said(seen: Seen) -> None:
    exchange = await chat(seen, stream=True)
    await answered(exchange, "text/event-stream")
    for piece in STREAM:
        await exchange.read(piece, end_of_stream=False)
    exchange.finish(unread=False)
    assert seen.counted(f"{DURATION}_count", labels(error_type="incomplete")) == 1
    assert seen.counted(f"{FIRST_TOKEN}_count") == 0  # of what succeeds only
    assert seen.counted(f"{TOKENS}_sum", labels()) == 15


async def test_an_answer_that_tells_no_cost_is_an_end_all_the_same(seen: Seen) -> None:
    await whole(await chat(seen), b'{"error":{}}', status=500)
    assert seen.counted(f"{DURATION}_count", labels(error_type="500")) == 1
    assert seen.counted(f"{TOKENS}_count") == 0
    assert seen.counted(TOTAL, labels()) == 0


async def test_a_model_that_no_rule_and_no_alias_names_is_not_told(seen: Seen) -> None:
    await whole(await chat(seen, model="made up"))
    assert seen.counted(f"{DURATION}_count", {"gen_ai_request_model": "_OTHER"}) == 1


async def test_a_refused_model_is_told_with_the_reason(seen: Seen) -> None:
    exchange, head = seen.exchange(models()), asking()
    body = json.dumps({"model": "huge", "messages": []}).encode()
    await exchange.preview(head)
    try:
        await exchange.judge(head, body, None)
    except Exception as error:  # noqa: BLE001  as the driver of a stream does it
        exchange.fault(error)
    exchange.finish(unread=False)
    refused = {"gen_ai_request_model": "huge", "error_type": "denied"}
    assert seen.counted(f"{DURATION}_count", refused) == 1
    assert seen.counted(TOTAL) == 0
