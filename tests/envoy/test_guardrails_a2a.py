"""Guardrails on A2A through the real Envoy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import EVENTS, MODES, Stage, guarded, guardrail, words

SECRET = "moonraker"
GUARDRAILS = [
    guardrail(
        "edge",
        {"backend": "up"},
        ["a2a_message", "a2a_artifact", "agent_card"],
        detectors=[words("verboten"), {**words(SECRET, category="codename"), "action": "mask"}],
    )
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    with guarded(folder, "a2a", GUARDRAILS) as running:
        yield running


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(stage: Stage, mode: str, text: str, method: str = "SendMessage") -> httpx.Response:
    message = {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": text}]}
    body = {"jsonrpc": "2.0", "id": 3, "method": method, "params": {"message": message}}
    headers = {"a2a-version": "1.0", "accept": "application/json, text/event-stream"}
    return stage.post(mode, "", body, **headers)


def task(*texts: str) -> bytes:
    artifacts = [{"artifactId": "a1", "parts": [{"text": one} for one in texts]}]
    value = {"id": "t1", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}
    answer = {"jsonrpc": "2.0", "id": 3, "result": {"task": {**value, "artifacts": artifacts}}}
    return json.dumps(answer).encode()


def update(text: str, *, append: bool, last: bool) -> bytes:
    artifact = {"artifactId": "a1", "parts": [{"text": text}]}
    value: dict[str, Any] = {
        "artifactUpdate": {
            "taskId": "t1",
            "contextId": "c",
            "artifact": artifact,
            "append": append,
            "lastChunk": last,
        }
    }
    return b"data: " + json.dumps({"jsonrpc": "2.0", "id": 3, "result": value}).encode() + b"\n\n"


def artifacts(text: str) -> str:
    found = ""
    for line in text.splitlines():
        if line.startswith("data: "):
            value = json.loads(line.removeprefix("data: ")).get("result", {})
            for part in value.get("artifactUpdate", {}).get("artifact", {}).get("parts", ()):
                found += part["text"]
    return found


def test_a_message_that_is_blocked_reaches_no_agent(stage: Stage, mode: str) -> None:
    stage.answer(task("x"))
    answer = send(stage, mode, "do verboten things")
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (3, -31422)
    assert stage.raw.seen == []
    assert "verboten" not in answer.text


def test_messages_and_artifacts_are_masked(stage: Stage, mode: str) -> None:
    stage.answer(task(f"it is {SECRET}, ", "fine"))
    answer = send(stage, mode, f"what of {SECRET}?")
    (body,) = stage.reached
    assert body["params"]["message"]["parts"] == [{"text": "what of [CODENAME]?"}]
    parts = answer.json()["result"]["task"]["artifacts"][0]["parts"]
    assert "".join(one["text"] for one in parts) == "it is [CODENAME], fine"


def test_an_artifact_that_is_blocked_becomes_an_error(stage: Stage, mode: str) -> None:
    stage.answer(task("this is verboten"))
    answer = send(stage, mode, "hello")
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (3, -31422)
    assert "this is" not in answer.text


def test_an_artifact_in_pieces_is_masked_wherever_it_is_cut(stage: Stage, mode: str) -> None:
    pieces = [
        update("it is moon", append=False, last=False),
        update("raker, and ", append=True, last=False),
        update("so on " * 60, append=True, last=True),
    ]
    stage.answer(*pieces, kind=EVENTS)
    answer = send(stage, mode, "hello", "SendStreamingMessage")
    assert artifacts(answer.text) == "it is [CODENAME], and " + "so on " * 60


def test_a_stream_ends_with_an_error_where_it_is_blocked(stage: Stage, mode: str) -> None:
    pieces = [
        update("all is well. " * 30, append=False, last=False),
        update("verbo", append=True, last=False),
        update("ten, and more", append=True, last=True),
    ]
    stage.answer(*pieces, kind=EVENTS)
    answer = send(stage, mode, "hello", "SendStreamingMessage")
    assert artifacts(answer.text).startswith("all is well. ")
    assert "and more" not in answer.text
    assert '"code":-31422' in answer.text


def test_a_card_is_screened(stage: Stage, mode: str) -> None:
    card: dict[str, Any] = {
        "name": "helper",
        "description": f"knows {SECRET}",
        "version": "1",
        "skills": [{"id": "s", "name": "s", "description": "all", "tags": []}],
        "supportedInterfaces": [
            {"url": "http://127.0.0.1:1/x", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        ],
        "capabilities": {},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
    }
    stage.answer(json.dumps(card).encode())
    url = stage.gateway.url(mode) + "/.well-known/agent-card.json"
    answer = httpx.get(url, headers={"x-api-key": "test-key-0123456789"})
    assert answer.status_code == 200
    assert answer.json()["description"] == "knows [CODENAME]"
