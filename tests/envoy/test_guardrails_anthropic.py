"""Guardrails on Anthropic's messages through the real Envoy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.envoy.guardrail_stage import EVENTS, MODES, Stage, guarded, guardrail, words

SECRET = "moonraker"
PATH = "/v1/messages"
GUARDRAILS = [
    guardrail(
        "edge",
        {"backend": "up"},
        ["request", "response"],
        detectors=[words("verboten"), {**words(SECRET, category="codename"), "action": "mask"}],
    )
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    with guarded(folder, "anthropic", GUARDRAILS) as running:
        yield running


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def message(text: str, **more: Any) -> dict[str, Any]:
    asked = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return {"model": "m", "max_tokens": 100, "messages": asked, **more}


def answered(*content: dict[str, Any]) -> bytes:
    return json.dumps({"id": "msg_1", "type": "message", "content": list(content)}).encode()


def event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def stream(*texts: str) -> list[bytes]:
    begun: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    block = {"type": "text", "text": ""}
    deltas = [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": one})
        for one in texts
    ]
    return [
        event("message_start", message=begun),
        event("content_block_start", index=0, content_block=block),
        *deltas,
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}),
        event("message_stop"),
    ]


def events(text: str) -> list[dict[str, Any]]:
    return [
        json.loads(line.removeprefix("data: "))
        for line in text.splitlines()
        if line.startswith("data: ")
    ]


def said(text: str) -> str:
    return "".join(
        one["delta"]["text"] for one in events(text) if one["type"] == "content_block_delta"
    )


def test_a_prompt_that_is_blocked_reaches_no_server(stage: Stage, mode: str) -> None:
    stage.answer(answered())
    answer = stage.post(mode, PATH, message("say verboten things"))
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert stage.raw.seen == []
    assert "verboten" not in answer.text


def test_prompts_and_system_texts_are_masked(stage: Stage, mode: str) -> None:
    stage.answer(answered())
    stage.post(mode, PATH, message(f"about {SECRET}", system=f"you know {SECRET}"))
    (body,) = stage.reached
    assert body["system"] == "you know [CODENAME]"
    assert body["messages"][0]["content"][0]["text"] == "about [CODENAME]"


def test_an_answer_is_masked_and_so_is_the_input_of_a_tool(stage: Stage, mode: str) -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"q": SECRET}}
    stage.answer(answered({"type": "text", "text": f"it is {SECRET}"}, use))
    content = stage.post(mode, PATH, message("hello")).json()["content"]
    assert content[0]["text"] == "it is [CODENAME]"
    assert content[1]["input"] == {"q": "[CODENAME]"}


def test_an_answer_that_is_blocked_becomes_an_error(stage: Stage, mode: str) -> None:
    stage.answer(answered({"type": "text", "text": "this is verboten"}))
    answer = stage.post(mode, PATH, message("hello"))
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.status_code == (400 if mode == "buffered" else 200)  # a duplex head has gone


def test_a_stream_is_masked_wherever_it_is_cut(stage: Stage, mode: str) -> None:
    stage.answer(*stream("it is moon", "raker", ", and " + "so on " * 60), kind=EVENTS)
    answer = stage.post(mode, PATH, message("hello", stream=True))
    assert said(answer.text) == "it is [CODENAME], and " + "so on " * 60
    assert events(answer.text)[-1]["type"] == "message_stop"


def test_a_stream_ends_with_an_error_where_it_is_blocked(stage: Stage, mode: str) -> None:
    pieces = stream("all is well. " * 30, "now verbo", "ten, and ", "more " * 60)
    stage.answer(*pieces, kind=EVENTS)
    answer = stage.post(mode, PATH, message("hello", stream=True))
    assert said(answer.text).startswith("all is well. ")
    assert "verbo" not in answer.text
    assert events(answer.text)[-1]["type"] == "error"
