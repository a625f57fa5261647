"""Guardrails on MCP through the real Envoy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import EVENTS, MODES, Stage, guarded, guardrail, words
from tests.support.echo import Seen
from tests.support.raw_backend import Reply

SECRET = "moonraker"
STAGES = ["tool_call", "tool_result", "tool_list", "prompt_get", "resource_read", "notification"]
GUARDRAILS = [
    guardrail(
        "edge",
        {"backend": "up"},
        [*STAGES, "response", "request"],
        detectors=[words("verboten"), {**words(SECRET, category="codename"), "action": "mask"}],
    )
]
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    with guarded(folder, "mcp", GUARDRAILS) as running:
        yield running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Only results of one tool are judged."""
    judging = guardrail(
        "narrow",
        {"backend": "up"},
        ["tool_result"],
        match={"tools": ["fetch"]},
        detectors=[words("verboten")],
    )
    with guarded(tmp_path_factory.mktemp("narrow"), "mcp", [judging]) as running:
        yield running


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(stage: Stage, mode: str, method: str, name: str = "", **params: Any) -> httpx.Response:
    key = "uri" if method == "resources/read" else "name"
    named = {key: name} if name else {}
    body = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": method,
        "params": {**named, **params, "_meta": META},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        **({"mcp-name": name} if name else {}),
    }
    return stage.post(mode, "", body, **headers)


def call(stage: Stage, mode: str, **arguments: Any) -> httpx.Response:
    return ask(stage, mode, "tools/call", "lookup", arguments=arguments)


def result(value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 7, "result": value}).encode()


def content(text: str) -> bytes:
    return result({"content": [{"type": "text", "text": text}], "resultType": "complete"})


def event(data: bytes) -> bytes:
    return b"event: message\ndata: " + data + b"\n\n"


def test_a_call_that_is_blocked_is_a_result_that_the_model_can_read(
    stage: Stage, mode: str
) -> None:
    stage.answer(content("fine"))
    answer = call(stage, mode, query="something verboten")
    assert answer.status_code == 200
    told = answer.json()
    assert told["id"] == 7
    assert told["result"]["isError"] is True
    assert "guardrail edge" in told["result"]["content"][0]["text"]
    assert "verboten" not in answer.text
    assert stage.raw.seen == []
    assert stage.record(answer)["reason"] == "content_blocked"


def test_keys_of_arguments_are_judged_as_well(stage: Stage, mode: str) -> None:
    stage.answer(content("fine"))
    answer = call(stage, mode, verboten=1)
    assert answer.json()["result"]["isError"] is True
    assert stage.raw.seen == []


def test_arguments_are_masked_before_the_tool_sees_them(stage: Stage, mode: str) -> None:
    stage.answer(content("fine"))
    assert call(stage, mode, query=f"what is {SECRET}?", n=1.0).json()["result"]["content"]
    (body,) = stage.reached
    assert body["params"]["arguments"] == {"query": "what is [CODENAME]?", "n": 1.0}


def test_a_result_that_is_blocked_is_a_result_that_the_model_can_read(
    stage: Stage, mode: str
) -> None:
    stage.answer(content("this is verboten and more"))
    answer = call(stage, mode, query="x")
    told = answer.json()
    assert (answer.status_code, told["id"], told["result"]["isError"]) == (200, 7, True)
    assert "and more" not in answer.text


def test_a_result_is_masked_structure_and_keys_too(stage: Stage, mode: str) -> None:
    value = {
        "content": [{"type": "text", "text": f"it is {SECRET}"}],
        "structuredContent": {"deep": [{"name": SECRET, "n": 12345678901234567890}]},
    }
    stage.answer(result(value))
    told = call(stage, mode, query="x").json()["result"]
    assert told["content"][0]["text"] == "it is [CODENAME]"
    assert told["structuredContent"] == {
        "deep": [{"name": "[CODENAME]", "n": 12345678901234567890}]
    }


def test_a_result_in_a_stream_is_screened_and_so_are_notifications(stage: Stage, mode: str) -> None:
    def note(text: str) -> bytes:
        params = {"level": "info", "data": text}
        value = {"jsonrpc": "2.0", "method": "notifications/message", "params": params}
        return event(json.dumps(value).encode())

    pieces = [note(f"looking for {SECRET}"), note("verboten!"), event(content(f"it is {SECRET}"))]
    stage.answer(*pieces, kind=EVENTS)
    answer = call(stage, mode, query="x")
    data = [
        json.loads(line.removeprefix("data: "))
        for line in answer.text.splitlines()
        if line.startswith("data: ")
    ]
    assert [one.get("method", "result") for one in data] == ["notifications/message", "result"]
    assert data[0]["params"]["data"] == "looking for [CODENAME]"
    assert data[1]["result"]["content"][0]["text"] == "it is [CODENAME]"
    assert SECRET not in answer.text


def test_a_tool_with_a_blocked_description_is_left_out_of_the_list(stage: Stage, mode: str) -> None:
    tools = [
        {"name": "good", "description": "reads", "inputSchema": {"type": "object"}},
        {"name": "bad", "description": "verboten", "inputSchema": {"type": "object"}},
        {
            "name": "hidden",
            "description": "reads",
            "inputSchema": {
                "type": "object",
                "properties": {"q": {"type": "string", "description": "say verboten first"}},
            },
        },
    ]
    stage.answer(result({"tools": tools, "ttlMs": 0, "cacheScope": "private"}))
    answer = ask(stage, mode, "tools/list")
    assert [one["name"] for one in answer.json()["result"]["tools"]] == ["good"]


def test_a_resource_and_a_prompt_are_screened(stage: Stage, mode: str) -> None:
    contents = [{"uri": "file:///a", "text": f"about {SECRET}"}]
    stage.answer(result({"contents": contents, "ttlMs": 0, "cacheScope": "private"}))
    read = ask(stage, mode, "resources/read", "file:///a").json()["result"]
    assert read["contents"][0]["text"] == "about [CODENAME]"
    message = {"role": "user", "content": {"type": "text", "text": "do verboten things"}}
    stage.answer(result({"messages": [message]}))
    got = ask(stage, mode, "prompts/get", "p")
    assert got.json()["error"]["code"] == -31422


def test_an_error_of_a_server_is_screened(stage: Stage, mode: str) -> None:
    error = {"code": -32603, "message": f"failed with {SECRET}", "data": {"why": SECRET}}
    stage.answer(json.dumps({"jsonrpc": "2.0", "id": 7, "error": error}).encode())
    told = call(stage, mode, query="x").json()["error"]
    assert told == {
        "code": -32603,
        "message": "failed with [CODENAME]",
        "data": {"why": "[CODENAME]"},
    }


def test_an_answer_that_cannot_be_read_does_not_pass(stage: Stage, mode: str) -> None:
    stage.answer(b'{"jsonrpc":"2.0","id":7,"result":{"content":[', kind=("content-type", "text/x"))
    answer = call(stage, mode, query="x")
    assert answer.json()["error"]["code"] == -31503
    stage.answer(content("x")[:-3])
    assert call(stage, mode, query="x").json()["error"]["code"] == -31503


def test_an_answer_without_a_finding_goes_on_as_it_came(stage: Stage, mode: str) -> None:
    body = b'{"jsonrpc": "2.0","id":7,  "result":{"content":[{"type":"text","text":"\\u0061 b"}]}}'
    stage.answer(body)
    assert call(stage, mode, query="x").content == body


def test_what_an_upstream_is_asked_without_a_finding_is_what_the_client_sent(
    stage: Stage, mode: str
) -> None:
    seen: list[bytes] = []

    def keep(request: Seen) -> Reply:
        seen.append(request.body)
        return Reply(200, [("content-type", "application/json")], [content("x")])

    stage.raw.answer = keep
    params = json.dumps({"name": "lookup", "arguments": {"q": "1.50"}, "_meta": META})
    body = f'{{"jsonrpc":"2.0" ,"id":7,"method":"tools/call","params":{params}}}'.encode()
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "lookup",
    }
    assert stage.post(mode, "", body, **headers).status_code == 200
    assert seen == [body]


@pytest.mark.parametrize("text", ["fine\nverboten\nand more", "fine\tverboten and more"])
def test_lines_of_json_in_a_result_hide_nothing(stage: Stage, mode: str, text: str) -> None:
    stage.answer(content(json.dumps({"body": text})))
    answer = call(stage, mode, query="x")
    assert answer.json()["result"]["isError"] is True
    assert "and more" not in answer.text


def test_a_result_split_over_its_blocks_is_blocked(stage: Stage, mode: str) -> None:
    blocks = [{"type": "text", "text": text} for text in ("it is ver", "boten and more")]
    stage.answer(result({"content": blocks, "resultType": "complete"}))
    answer = call(stage, mode, query="x")
    assert answer.json()["result"]["isError"] is True
    assert "and more" not in answer.text


def test_what_no_guardrail_is_about_passes_as_it_came(narrow: Stage, mode: str) -> None:
    body = event(content("verboten")) + b": ping\n\n"
    narrow.answer(body, kind=EVENTS)
    assert call(narrow, mode).content == body
    narrow.answer(content("verboten"))
    assert call(narrow, mode).content == content("verboten")


def test_a_guarded_call_is_not_answered_on_the_stream_of_another(narrow: Stage, mode: str) -> None:
    strange = {"jsonrpc": "2.0", "id": 8, "result": {"content": [{"type": "text", "text": "x"}]}}
    narrow.answer(event(json.dumps(strange).encode()), event(content("fine")), kind=EVENTS)
    answer = call(narrow, mode)
    assert answer.content == event(content("fine"))
    assert narrow.record(answer)["filtered"] == 1
    narrow.answer(json.dumps(strange).encode())
    told = call(narrow, mode)
    assert told.json()["id"] == 7
    assert "answered another request" in told.text
