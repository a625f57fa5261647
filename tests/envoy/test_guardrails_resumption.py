"""Results of an MCP stream that broke are screened on the gateway where it is resumed as they are
on their first stream."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.model.jsonvalue import JsonValue
from tests.envoy.guardrail_stage import EVENTS, guardrail, words
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config
from tests.support.http_client import HTTP
from tests.support.messages import LEGACY, legacy
from tests.support.raw_backend import RawBackend, Reply, raw_backend

SECRET = "moonraker"
WORD = "verboten"
STAGES = ["tool_result", "tool_list", "prompt_get", "resource_read", "notification", "response"]
NOTE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}


@dataclass(frozen=True)
class Stage:
    """Two gateways before the same server."""

    one: Gateway
    two: Gateway
    raw: RawBackend


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        raw = stack.enter_context(raw_backend(lambda _: Reply(500)))
        guarding = guardrail(
            "edge",
            {"backend": "raw"},
            STAGES,
            detectors=[words(WORD), {**words(SECRET, category="codename"), "action": "mask"}],
        )
        gateways: list[Gateway] = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            config = gateway_config({"raw": [raw.url]}, folder)
            policies = [allow("all", "raw", tools=["*"], prompts=["*"], resources=["*"]), guarding]
            started = gatehouse(folder, policies=policies, config=config)
            gateways.append(stack.enter_context(started))
        yield Stage(gateways[0], gateways[1], raw)


def event(message: Any, ident: str) -> bytes:
    return f"id: {ident}\ndata: {json.dumps(message)}\n\n".encode()


def events_of(text: str) -> list[dict[str, str]]:
    """The fields of each event."""
    blocks = (block.splitlines() for block in text.strip().split("\n\n"))
    return [dict(line.split(": ", 1) for line in block if ": " in line) for block in blocks]


class Breaking:
    """A server whose stream breaks off before its result, which a GET gets."""

    def __init__(self, *results: Any) -> None:
        self._results = [event(one, f"stream-7/{n}") for n, one in enumerate(results, 2)]
        self.arrived = threading.Event()

    def __call__(self, request: Seen) -> Reply:
        if request.method == "GET":
            return Reply(200, [EVENTS], self._results)
        self.arrived.clear()
        return Reply(200, [EVENTS], self._pieces(), drop=True)

    def _pieces(self) -> Iterator[bytes]:
        yield event(NOTE, "stream-7/1")
        self.arrived.wait(5)


def first_stream(stage: Stage, request: Mapping[str, Any], result: Any) -> Any:
    """The result that a client gets where nothing breaks, of gateway one."""
    body = [event(NOTE, "stream-7/1"), event(result, "stream-7/2")]
    stage.raw.answer = lambda _: Reply(200, [EVENTS], body)
    lines = {**request["headers"], "x-api-key": KEY}
    answer = HTTP.post(stage.one.url("raw"), json=request["json"], headers=lines)
    return json.loads(events_of(answer.text)[-1]["data"])


def broken(stage: Stage, request: Mapping[str, Any], server: Breaking) -> str:
    """The id of the only event of a stream of gateway one that breaks off."""
    stage.raw.answer = server
    lines = {**request["headers"], "x-api-key": KEY}
    text = ""
    with (
        contextlib.suppress(httpx.RemoteProtocolError),
        httpx.stream("POST", stage.one.url("raw"), json=request["json"], headers=lines) as stream,
    ):
        for piece in stream.iter_text():
            text += piece
            if text.endswith("\n\n"):
                server.arrived.set()
    return events_of(text)[0]["id"]


def resumed(stage: Stage, ident: str) -> httpx.Response:
    """What gateway two replays after an event."""
    headers = {
        "x-api-key": KEY,
        "accept": "text/event-stream",
        "mcp-protocol-version": LEGACY,
        "last-event-id": ident,
    }
    return HTTP.get(stage.two.url("raw"), headers=headers)


def told(answer: httpx.Response) -> list[Any]:
    return [json.loads(one["data"]) for one in events_of(answer.text)]


def message(result: Any, ident: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": ident, "result": result}


def content(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "structuredContent": {"said": text}}


def tools(*descriptions: str) -> dict[str, Any]:
    return {
        "tools": [
            {"name": f"t{n}", "description": one, "inputSchema": {"type": "object"}}
            for n, one in enumerate(descriptions)
        ]
    }


CALL = legacy("tools/call", {"name": "t", "arguments": {}})
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a tool's": (CALL, content(f"it is {SECRET}.")),
    "a blocked one of a tool": (CALL, content(f"this is {WORD} and more")),
    "a resource's": (
        legacy("resources/read", {"uri": "file:///a"}),
        {"contents": [{"uri": "file:///a", "text": f"it is {SECRET}."}]},
    ),
    "a blocked one of a resource": (
        legacy("resources/read", {"uri": "file:///a"}),
        {"contents": [{"uri": "file:///a", "text": f"this is {WORD} and more"}]},
    ),
    "a prompt's": (
        legacy("prompts/get", {"name": "p"}),
        {"messages": [{"role": "user", "content": {"type": "text", "text": f"see {SECRET}"}}]},
    ),
    "a list of tools": (
        legacy("tools/list"),
        tools("fine", f"{WORD} and more", f"about {SECRET}"),
    ),
}


@pytest.mark.parametrize(("request_", "result"), CASES.values(), ids=CASES)
def test_a_result_that_is_resumed_elsewhere_is_screened_as_on_its_first_stream(
    stage: Stage, request_: dict[str, Any], result: dict[str, Any]
) -> None:
    first = first_stream(stage, request_, message(result))
    ident = broken(stage, request_, Breaking(message(result)))
    assert "stream-7" not in ident
    answer = resumed(stage, ident)
    assert stage.raw.seen[-1].all("last-event-id") == ["stream-7/1"]
    assert _unreferenced(told(answer)) == _unreferenced([first])
    assert first != message(result)
    assert SECRET not in answer.text
    assert "and more" not in answer.text


def _unreferenced(messages: list[Any]) -> Any:
    """Without the reference of a record, which is another one each time."""
    text = json.dumps(messages)
    found = [_reference_of(one) for one in messages]
    for reference in filter(None, found):
        text = text.replace(reference, "R")
    return json.loads(text)


def _reference_of(value: JsonValue) -> str | None:
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str):
            return reference
        value = list(value.values())
    inner = map(_reference_of, value) if isinstance(value, list) else ()
    return next(filter(None, inner), None)


def test_notifications_of_a_resumed_stream_are_screened(stage: Stage) -> None:
    notes = [{**NOTE, "params": {"level": "info", "data": said}} for said in (SECRET, WORD)]
    ident = broken(stage, CALL, Breaking(*notes, message(content("fine"))))
    note, last = told(resumed(stage, ident))
    assert note["params"]["data"] == "[CODENAME]"
    assert last == message(content("fine"))


@pytest.mark.parametrize("ident", ["stream-7/1", "forged"])
def test_a_result_without_its_context_is_screened_by_its_shape(stage: Stage, ident: str) -> None:
    server = Breaking(
        message(content(f"it is {SECRET}."), 1),
        message({"contents": [{"uri": "file:///a", "text": f"see {SECRET}"}]}, 2),
        message(tools("fine", f"{WORD} and more"), 3),
        message(content(f"this is {WORD} and more"), 4),
        message(content("after all"), 5),
    )
    broken(stage, CALL, server)
    answer = resumed(stage, ident)
    tool, resource, listed, blocked, last = told(answer)
    assert tool["result"] == content("it is [CODENAME].")
    assert resource["result"]["contents"][0]["text"] == "see [CODENAME]"
    assert [one["name"] for one in listed["result"]["tools"]] == ["t0"]
    assert blocked["id"] == 4
    assert "guardrail edge" in json.dumps(blocked)
    assert last == message(content("after all"), 5)
    assert SECRET not in answer.text
    assert "and more" not in answer.text


def test_what_was_found_in_a_replay_is_in_its_record(stage: Stage) -> None:
    ident = broken(stage, CALL, Breaking(message(content(f"it is {SECRET}."))))
    answer = resumed(stage, ident)
    reference = answer.headers["x-gatehouse-audit-id"]
    record = stage.two.wait_for_records(1, audit_id=reference)[-1]
    assert record["guardrails"]["action"] == "mask"
    assert SECRET not in json.dumps(record)
