"""A whole message goes on when it is judged."""

import json
from typing import Any

import pytest

from gateway.protocols.anthropic.screening import screened_reader
from gateway.protocols.base import ResponseReader
from tests.support.answer_screen import BLOCKED, MASKED, RuleScreen
from tests.support.screened import encode, fed, reading


def reader(screen: RuleScreen | None = None, **more: Any) -> ResponseReader:
    screen = screen or RuleScreen()
    found = screened_reader("application/json", reading(screen, **more), screen)
    assert found is not None
    return found


def message(*blocks: Any) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 2}
    return encode({"type": "message", "model": "m", "content": list(blocks), "usage": usage})


def test_a_message_that_passes_is_as_it_came_and_counted() -> None:
    one = reader()
    body = message({"type": "text", "text": "fine"})
    assert fed(one, body, [7]) == body
    assert one.usage is not None
    assert one.usage.output == 2


def test_texts_and_inputs_are_masked() -> None:
    body = message(
        {"type": "text", "text": "a SECRET"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"q": "SECRET"}},
    )
    text, call = json.loads(fed(reader(), body))["content"]
    assert (text["text"], call["input"]) == (f"a {MASKED}", {"q": MASKED})


def test_only_masked_thinking_loses_its_signature() -> None:
    body = message(
        {"type": "thinking", "thinking": "a SECRET", "signature": "c2ln"},
        {"type": "thinking", "thinking": "fine", "signature": "c2ln"},
    )
    one, two = json.loads(fed(reader(), body))["content"]
    assert (one["thinking"], one["signature"]) == (f"a {MASKED}", "")
    assert two["signature"] == "c2ln"


def test_the_screen_is_told_why_the_model_stopped_though_nothing_is_counted() -> None:
    screen = RuleScreen()
    fed(reader(screen), encode({"type": "message", "content": [], "stop_reason": "refusal"}))
    assert screen.reasons == ["refusal"]


def test_a_blocked_message_becomes_an_error() -> None:
    one = reader()
    out = fed(one, message({"type": "text", "text": "FORBIDDEN"}))
    assert json.loads(out)["error"]["message"] == BLOCKED
    assert one.broken


def test_the_model_is_named_as_the_client_did() -> None:
    body = message({"type": "text", "text": "SECRET"})
    assert json.loads(fed(reader(renames=("m", "mine")), body))["model"] == "mine"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=latin1", ""])
def test_what_cannot_be_judged_has_no_reader(content_type: str) -> None:
    screen = RuleScreen()
    assert screened_reader(content_type, reading(screen), screen) is None
