"""Refusals where an answer has begun already: the error comes as an event of the stream."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import legacy, modern
from tests.support.node import typescript_client
from tests.support.raw_backend import RawBackend, Reply, raw_backend

RESPONSE_BYTES = 2048
BIG = 9_007_199_254_740_993
SSE = [("content-type", "text/event-stream")]
LIMITS = {"response_bytes": RESPONSE_BYTES, "drain_seconds": 1.0}


@dataclass(frozen=True)
class Stage:
    """A gateway that reads at most RESPONSE_BYTES of one event, and an upstream that sends more."""

    gateway: Gateway
    upstream: RawBackend


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with (
        raw_backend(answer) as upstream,
        gatehouse(
            tmp_path_factory.mktemp("stream"),
            backends={"tracker": [upstream.url]},
            policies=[allow(tools=["echo"])],
            limits=LIMITS,
        ) as gateway,
    ):
        yield Stage(gateway, upstream)


def answer(seen: Seen) -> Reply:
    """Answers tools/list with a progress event and a list that is too long to be read."""
    message = json.loads(seen.body or b"{}")
    if message.get("method") == "initialize":
        return event(message, initialized(message))
    if message.get("method") != "tools/list":
        return Reply(202)
    params = {"level": "info", "data": "half way"}
    note = {"jsonrpc": "2.0", "method": "notifications/message", "params": params}
    return Reply(200, SSE, [data(note), *event(message, listing()).pieces])


def event(message: dict[str, Any], result: dict[str, Any]) -> Reply:
    return Reply(200, SSE, [data({"jsonrpc": "2.0", "id": message["id"], "result": result})])


def data(message: dict[str, Any]) -> bytes:
    return f"event: message\ndata: {json.dumps(message)}\n\n".encode()


def initialized(message: dict[str, Any]) -> dict[str, Any]:
    info = {"name": "raw", "version": "1"}
    version = message["params"]["protocolVersion"]
    return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}


def listing() -> dict[str, Any]:
    schema = {"type": "object", "description": "x" * RESPONSE_BYTES}
    return {"tools": [{"name": "echo", "inputSchema": schema}]}


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data:").strip() for line in text.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("ident", [7, BIG, "seven", ""], ids=repr)
@pytest.mark.parametrize("make", [modern, legacy], ids=["modern", "legacy"])
def test_an_answer_that_cannot_be_read_ends_as_an_error_with_the_callers_exact_id(
    stage: Stage, make: Callable[..., dict[str, Any]], ident: int | str
) -> None:
    got = httpx.post(stage.gateway.url("tracker"), **make("tools/list", ident=ident, x_api_key=KEY))
    assert (got.status_code, got.headers["content-type"]) == (200, "text/event-stream")
    *before, last = events(got.text)
    assert [one["method"] for one in before] == ["notifications/message"]
    assert last["id"] == ident
    assert type(last["id"]) is type(ident)
    assert last["error"]["code"] == -31503
    assert "x" * 50 not in got.text
    reference = last["error"]["data"]["reference"]
    assert stage.gateway.wait_for_records(1, audit_id=reference, method="tools/list")


def test_the_typescript_client_sees_the_error_of_a_stream(stage: Stage) -> None:
    with typescript_client(stage.gateway.url("tracker"), {"x-api-key": KEY}) as client:
        assert client.connected.error is None
        got = client.do("listTools")
    assert got.error is not None
    assert (got.error.kind, got.error.code) == ("McpError", -31503)
    assert stage.gateway.wait_for_records(1, audit_id=got.error.data["reference"])
