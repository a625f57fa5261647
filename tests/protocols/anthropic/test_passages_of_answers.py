"""Guardrails see every string of an answer of Anthropic's API."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Place, Stage
from gateway.protocols.anthropic.passages_of_answers import answer_passages, block_passages
from tests.support.said import NEW, PROSE, channels, check_places, check_prose, replaced, texts

BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "t t", "signature": "EqQB" * 90},
    {"type": "text", "text": "a a", "citations": [{"cited_text": "c c"}]},
    {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {"k": "v v"}},
    {"type": "web_search_tool_result", "tool_use_id": "1", "content": [{"title": "w w"}]},
    {"type": "unheard_of", "note": "n n"},
]


def message(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-small-1",
        "content": list(blocks),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "service_tier": "standard"},
        **more,
    }


def test_all_blocks_are_seen_with_all_that_they_say() -> None:
    value = message(*BLOCKS)
    found = answer_passages(value)
    assert {one.stage for one in found} == {Stage.RESPONSE}
    assert channels(found) == [
        ("t t", "content/0", "reasoning"),
        ("a a", "content/1", "assistant"),
        ("cited_text", "content/1/citations", "metadata"),
        ("c c", "content/1/citations", "metadata"),
        ("run", "content/2/name", "tool_arguments"),
        ("k", "content/2/input", "tool_arguments"),
        ("v v", "content/2/input", "tool_arguments"),
        ("w w", "content/3/content/0", "tool_result"),
        ("note", "content/4/other", "metadata"),
        ("n n", "content/4/other", "metadata"),
    ]
    assert found[6].name == "run"
    assert replaced(value, found, "v v")["content"][2]["input"] == {"k": NEW}


def test_a_block_alone_has_the_channels_that_it_has_in_its_message() -> None:
    whole = answer_passages(message(*BLOCKS))
    alone = [one for at, each in enumerate(BLOCKS) for one in block_passages(each, at)]
    assert channels(alone) == channels(whole)
    assert block_passages(BLOCKS[2], 7, ("content_block",))[0].place == Place(
        ("content_block", "name")
    )


def test_errors_and_members_that_nobody_knows_are_seen() -> None:
    error = answer_passages({"type": "error", "error": {"type": "api_error", "message": "m m"}})
    assert texts(error) == ["m m"]
    assert {one.part for one in error} == {Part.ERROR}
    assert channels(answer_passages(message(novel="n n", stop_sequence="END NOW"))) == [
        ("END NOW", "stop_sequence", "assistant"),
        ("novel", "other", "metadata"),
        ("n n", "other", "metadata"),
    ]


def test_an_event_that_holds_a_message_tells_where() -> None:
    (found,) = answer_passages(message({"type": "text", "text": "a"}), ("message",))
    assert found.place == Place(("message", "content", 0, "text"))


KEYS = "content type text thinking input name citations error source data usage message other"
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["text", "tool_use", "web_search_tool_result", "thinking"])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(value=values)
def test_whatever_an_answer_holds_all_prose_is_seen_and_can_be_replaced(value: Any) -> None:
    check_places(value, answer_passages)
    check_prose(value, answer_passages)
