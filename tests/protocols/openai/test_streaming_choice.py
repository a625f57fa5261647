"""The texts and calls of one choice of a chunk."""

from typing import Any

import pytest

from gateway.model.passage import Part
from gateway.protocols.openai.streaming_choice import (
    Choice,
    ToolCall,
    delta_of,
    is_plain_choice,
    pieces,
    put_back,
    taken,
    without_spellings,
)
from gateway.protocols.streaming import UnreadableError


def test_every_text_of_a_choice_is_a_piece_where_it_stands() -> None:
    delta: dict[str, Any] = {
        "content": [{"type": "text", "text": "a"}, {"type": "image"}],
        "refusal": "b",
        "reasoning": None,
        "audio": {"transcript": "c"},
    }
    found = pieces({"delta": delta, "text": "d"})
    assert [(one.text, one.member, one.part) for one in found] == [
        ("d", "content", Part.ASSISTANT),
        ("a", "content", Part.ASSISTANT),
        ("b", "refusal", Part.REFUSAL),
        ("c", "audio/transcript", Part.ASSISTANT),
    ]
    for one in found:
        assert one.holder[one.key] == one.text


@pytest.mark.parametrize(
    "delta", [None, "x", 1, {"content": 1}, {"content": {"a": "b"}}, {"audio": []}]
)
def test_what_is_of_another_type_is_no_piece(delta: Any) -> None:
    assert pieces({"delta": delta, "text": 1}) == []


def test_what_is_taken_out_can_be_put_back() -> None:
    choice: dict[str, Any] = {"delta": {"content": "a", "tool_calls": [1], "role": "assistant"}}
    what = taken(choice)
    assert choice == {"delta": {"content": "", "role": "assistant"}}
    put_back(choice, what)
    assert choice == {"delta": {"content": "a", "tool_calls": [1], "role": "assistant"}}


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"content": ["a"]}},
        {"delta": {"content": "a", "other": 1}},
        {"delta": {"role": "a role in prose"}},
        {"delta": "a"},
        {"message": {}},
        {"finish_reason": "two words"},
        {"text": {}},
    ],
)
def test_a_choice_with_anything_else_is_not_plain(choice: Any) -> None:
    assert is_plain_choice({"index": 0, "delta": {"content": "a"}, "finish_reason": None})
    assert not is_plain_choice(choice)


def test_what_spells_a_text_is_dropped() -> None:
    choice: dict[str, Any] = {"logprobs": {"content": []}, "token_ids": [1]}
    assert without_spellings(choice)
    assert choice == {"logprobs": None, "token_ids": None}
    assert not without_spellings(choice)


def test_the_delta_of_a_text_has_its_form() -> None:
    assert delta_of("content", "a") == {"content": "a"}
    assert delta_of("audio/transcript", "a") == {"audio": {"transcript": "a"}}


def test_pieces_of_a_call_are_joined() -> None:
    call = ToolCall(2)
    call.add(
        {"index": 2, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}
    )
    call.add({"index": 2, "id": None, "function": {"name": "f", "arguments": '{"a'}})
    call.add({"index": 2, "function": {"arguments": '":1}'}})
    function = {"name": "f", "arguments": '{"a":1}'}
    assert call.delta() == {
        "tool_calls": [{"index": 2, "id": "x", "type": "function", "function": function}]
    }


def test_a_name_in_pieces_is_joined() -> None:
    call = ToolCall(None)
    for piece in ("get_", "it", "it"):
        call.add({"name": piece, "arguments": "x"})
    assert call.delta() == {"function_call": {"name": "get_itit", "arguments": "xxx"}}


def test_arguments_that_are_no_text_are_an_error() -> None:
    with pytest.raises(UnreadableError):
        ToolCall(0).add({"function": {"arguments": {"a": "b"}}})


def test_a_call_that_was_judged_cannot_go_on() -> None:
    choice = Choice(0)
    assert choice.begin(1) is choice.call
    with pytest.raises(UnreadableError):
        choice.begin(1)
    choice.finished = True
    with pytest.raises(UnreadableError):
        choice.begin(2)
