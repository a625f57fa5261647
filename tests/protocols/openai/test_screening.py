"""A whole answer of an OpenAI-style server goes on when it is judged."""

import json
from typing import Any

import pytest

from gateway.model.passage import Place
from gateway.protocols.base import ResponseReader
from gateway.protocols.openai.reading import answer_reader
from gateway.protocols.openai.screening import without_spellings
from gateway.protocols.openai.streaming import ChunkReader
from gateway.protocols.openai.streaming_responses import ResponseStreamReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen
from tests.support.screened import encode, fed, reading

JSON = "application/json"
EVENTS = "text/event-stream"


def found(
    kind: str, screen: RuleScreen, *, named: bool = False, **more: Any
) -> ResponseReader | None:
    return answer_reader(kind, reading(screen, **more), strips=False, named_events=named)


def reader(kind: str = JSON, screen: RuleScreen | None = None, **more: Any) -> ResponseReader:
    one = found(kind, screen or RuleScreen(), **more)
    assert one is not None
    return one


def answer(*contents: str, **more: Any) -> bytes:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, **more}
        for index, text in enumerate(contents)
    ]
    return encode(
        {"model": "m", "choices": choices, "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    )


def test_an_answer_that_passes_is_as_it_came_and_counted() -> None:
    one = reader()
    assert fed(one, answer("a", "b"), [7]) == answer("a", "b")
    assert one.usage is not None
    assert one.usage.output == 2


def test_every_choice_is_judged() -> None:
    out = json.loads(fed(reader(), answer("fine", "a SECRET")))
    assert [one["message"]["content"] for one in out["choices"]] == ["fine", f"a {MASKED}"]


def test_the_screen_is_told_why_each_choice_stopped_though_nothing_is_counted() -> None:
    screen = RuleScreen()
    body: dict[str, Any] = {
        "choices": [
            {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
            {"index": 1, "message": {"content": ""}, "finish_reason": "content_filter"},
        ]
    }
    one = reader(screen=screen)
    fed(one, encode(body))
    assert screen.reasons == ["stop", "content_filter"]
    assert one.usage is None


def test_the_screen_is_told_why_a_response_is_not_complete() -> None:
    screen = RuleScreen()
    details = {"reason": "content_filter"}
    body: dict[str, Any] = {"object": "response", "output": [], "incomplete_details": details}
    fed(reader(screen=screen), encode(body))
    assert screen.reasons == ["content_filter"]


def test_only_masked_choices_lose_what_spells_them() -> None:
    body = answer("fine", "a SECRET", logprobs={"content": [{"token": "x"}]}, token_ids=[1])
    one, two = json.loads(fed(reader(), body))["choices"]
    assert one["token_ids"] == [1]
    assert (two["logprobs"], two["token_ids"]) == (None, [])


def test_log_probabilities_of_responses_are_emptied() -> None:
    part = {"type": "output_text", "text": "SECRET", "logprobs": [{"token": "SEC"}]}
    body = encode({"object": "response", "output": [{"type": "message", "content": [part]}]})
    out = json.loads(fed(reader(), body))
    assert out["output"][0]["content"] == [{**part, "text": MASKED, "logprobs": []}]


def test_spellings_of_a_place_that_is_not_there_stay() -> None:
    text = '{"logprobs":[1],"a":[{"token_ids":[2]}]}'
    assert without_spellings(text, {}) == text
    assert (
        without_spellings(text, {Place(("a", 5, "b")): ""})
        == '{"logprobs":[],"a":[{"token_ids":[2]}]}'
    )


def test_arguments_stay_json() -> None:
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": '{"q": "SECRET"}'},
    }
    body = encode({"choices": [{"index": 0, "message": {"tool_calls": [call]}}]})
    out = json.loads(fed(reader(), body))
    arguments = out["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"q": MASKED}


def test_a_blocked_answer_becomes_an_error_and_is_still_counted() -> None:
    one = reader()
    assert json.loads(fed(one, answer("FORBIDDEN")))["error"]["message"] == BLOCKED
    assert one.usage is not None


def test_the_model_is_named_as_the_client_did() -> None:
    out = json.loads(fed(reader(renames=("m", "mine")), answer("SECRET")))
    assert (out["model"], out["choices"][0]["message"]["content"]) == ("mine", MASKED)


def test_a_plain_text_is_judged() -> None:
    screen = RuleScreen()
    assert fed(reader("text/plain", screen), b"a SECRET", [3]) == f"a {MASKED}".encode()
    assert [one.channel for one in screen.seen] == ["text"]
    one = reader("text/plain")
    assert b"FORBIDDEN" not in fed(one, b"FORBIDDEN")
    assert one.broken
    assert b"no_endpoint" in fed(reader("text/plain"), b"\xff")


def test_a_plain_text_waits_for_what_the_screen_asks() -> None:
    screen = RuleScreen(asks=True)
    one = reader("text/plain", screen)
    assert fed(one, b"ASK") == b""
    screen.answer()
    assert one.finish() == b"ASK"
    assert one.finish() == b""


def test_streams_have_readers_of_their_own() -> None:
    assert isinstance(reader(EVENTS), ChunkReader)
    assert isinstance(found(EVENTS, RuleScreen(), named=True), ResponseStreamReader)


@pytest.mark.parametrize("kind", ["audio/mpeg", "application/json; charset=latin1", ""])
def test_what_cannot_be_judged_has_no_reader(kind: str) -> None:
    assert found(kind, RuleScreen()) is None
