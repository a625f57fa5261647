"""Guardrails on chat completions through the real Envoy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.guardrail_stage import EVENTS, MODES, Stage, guarded, guardrail, words

PATH = "/chat/completions"
SECRET = "moonraker"
GUARDRAILS = [
    guardrail(
        "edge",
        {"backend": "up"},
        ["request", "response"],
        detectors=[
            words("forbidden", "verboten"),
            {**words(SECRET, category="codename"), "action": "mask"},
        ],
    )
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    with guarded(folder, "openai", GUARDRAILS) as running:
        yield running


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def completion(text: str) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    return json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode()


def chunks(*texts: str) -> list[bytes]:
    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    first = event({"role": "assistant", "content": ""})
    said = [event({"content": text}) for text in texts]
    return [first, *said, event({}, "stop"), b"data: [DONE]\n\n"]


def said(answer: httpx.Response) -> str:
    """The text of a stream, and of its errors."""
    text = ""
    for line in answer.text.splitlines():
        if line.startswith("data: {"):
            value = json.loads(line.removeprefix("data: "))
            for choice in value.get("choices", ()):
                text += choice["delta"].get("content") or ""
    return text


def test_a_prompt_that_is_blocked_reaches_no_server(stage: Stage, mode: str) -> None:
    stage.answer(completion("hi"))
    answer = stage.post(mode, PATH, chat("say verboten things"))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "content_policy_violation"
    assert "verboten" not in answer.text
    assert stage.raw.seen == []
    record = stage.record(answer)
    assert (record["decision"], record["reason"]) == ("refuse", "content_blocked")
    assert record["guardrails"]["blocked_by"] == "edge"
    assert record["detections"][0]["class_uid"] == 2004
    assert "verboten" not in json.dumps(record)


def test_a_secret_in_a_prompt_is_masked_before_a_server_sees_it(stage: Stage, mode: str) -> None:
    stage.answer(completion("hi"))
    answer = stage.post(mode, PATH, chat(f"my key is {SECRET} ok", temperature=1.0))
    assert answer.status_code == 200
    (body,) = stage.reached
    assert SECRET not in json.dumps(body)
    assert body["messages"][0]["content"].startswith("my key is [")
    assert body["temperature"] == 1.0


def test_an_answer_that_is_blocked_becomes_an_error_with_its_status(
    stage: Stage, mode: str
) -> None:
    stage.answer(completion("this is verboten, but said"))
    answer = stage.post(mode, PATH, chat("hello"))
    assert answer.status_code == (400 if mode == "buffered" else 200)  # a duplex head has gone
    assert answer.json()["error"]["code"] == "content_policy_violation"
    assert "but said" not in answer.text


def test_a_secret_in_an_answer_is_masked(stage: Stage, mode: str) -> None:
    stage.answer(completion(f"the key is {SECRET}."))
    answer = stage.post(mode, PATH, chat("hello"))
    assert answer.status_code == 200
    content = answer.json()["choices"][0]["message"]["content"]
    assert content == "the key is [CODENAME]."
    assert SECRET not in answer.text
    record = stage.record(answer)
    assert (record["decision"], record["guardrails"]["action"]) == ("allow", "mask")
    assert record["guardrails"]["masked"] == 1


def test_a_secret_in_a_stream_is_masked_wherever_it_is_cut(stage: Stage, mode: str) -> None:
    half = len(SECRET) // 2
    pieces = chunks("the key is ", SECRET[:half], SECRET[half:], " and more text " * 20)
    stage.answer(*pieces, kind=EVENTS)
    answer = stage.post(mode, PATH, chat("hello", stream=True))
    text = said(answer)
    assert text.startswith("the key is [")
    assert text.endswith(" and more text " * 20)
    assert SECRET not in answer.text
    assert answer.text.rstrip().endswith("data: [DONE]")


def test_a_stream_ends_with_an_error_where_it_is_blocked(stage: Stage, mode: str) -> None:
    pieces = chunks("all is well. " * 30, "now comes verbo", "ten, and then ", "secret rest " * 30)
    stage.answer(*pieces, kind=EVENTS)
    answer = stage.post(mode, PATH, chat("hello", stream=True))
    assert said(answer).startswith("all is well. ")
    assert "verbo" not in said(answer)
    assert "secret rest" not in answer.text
    last = answer.text.rstrip().split("\n\n")[-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "content_policy_violation"


def test_what_the_client_had_got_of_a_blocked_stream_is_recorded(stage: Stage) -> None:
    stage.answer(*chunks("all is well. " * 30, "verboten"), kind=EVENTS)
    answer = stage.post("buffered", PATH, chat("hello", stream=True))
    record = stage.record(answer)
    assert record["guardrails"]["released_characters"] == len(said(answer)) > 0
    assert record["reason"] == "content_blocked"


def test_ordinary_answers_go_on_as_they_came(stage: Stage, mode: str) -> None:
    body = completion("nothing to see")
    stage.answer(body)
    assert stage.post(mode, PATH, chat("hello")).content == body


def test_a_word_split_over_the_parts_of_a_message_is_blocked(stage: Stage, mode: str) -> None:
    stage.answer(completion("hi"))
    parts = [{"type": "text", "text": text} for text in ("say ver", "bot", "en things")]
    asked = {"model": "m", "messages": [{"role": "user", "content": parts}]}
    answer = stage.post(mode, PATH, asked)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "content_policy_violation"
    assert stage.raw.seen == []


def test_nothing_but_data_of_a_stream_says_anything(stage: Stage, mode: str) -> None:
    loud = b": verboten words\n\nevent: verboten words\ndata: {}\n\nid: verboten words\n"
    stage.answer(loud, *chunks("all is ", "fine"), kind=EVENTS)
    answer = stage.post(mode, PATH, chat("hello", stream=True))
    assert said(answer) == "all is fine"
    assert "verboten" not in answer.text
