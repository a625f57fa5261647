"""Guardrails see every string of an answer of an OpenAI-style server."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.passage import Part, Place, Stage
from gateway.protocols.openai.passages_of_answers import (
    answer_passages,
    item_passages,
)
from tests.support.said import NEW, PROSE, channels, check_places, check_prose, replaced, texts

CALL = {"id": "c", "type": "function", "function": {"name": "run", "arguments": '{"k":"v"}'}}


def completion(*choices: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "choices": list(choices),
        "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}},
        **more,
    }


def test_all_choices_are_seen_with_all_that_they_say() -> None:
    message = {
        "role": "assistant",
        "content": "c c",
        "refusal": "r r",
        "reasoning_content": "t t",
        "reasoning": "u u",
        "tool_calls": [CALL],
        "function_call": {"name": "old", "arguments": "x"},
        "audio": {"id": "a", "data": "//uQ" * 100, "transcript": "s s"},
        "annotations": [{"url_citation": {"url": "https://e.x"}}],
        "novel": "n n",
    }
    first: Any = {
        "index": 1,
        "message": message,
        "finish_reason": "stop",
        "logprobs": {"content": []},
    }
    second = {"index": 0, "message": {"role": "assistant", "content": "z"}}
    value = completion(first, second)
    found = answer_passages(value)
    assert {one.stage for one in found} == {Stage.RESPONSE}
    assert channels(found) == [
        ("c c", "choices/1/content", "assistant"),
        ("r r", "choices/1/refusal", "refusal"),
        ("t t", "choices/1/reasoning_content", "reasoning"),
        ("u u", "choices/1/reasoning", "reasoning"),
        ("run", "choices/1/tool_calls/0/name", "tool_arguments"),
        ("k", "choices/1/tool_calls/0/arguments", "tool_arguments"),
        ("v", "choices/1/tool_calls/0/arguments", "tool_arguments"),
        ("old", "choices/1/function_call/name", "tool_arguments"),
        ("x", "choices/1/function_call/arguments", "tool_arguments"),
        ("s s", "choices/1/audio/transcript", "assistant"),
        ("url_citation", "choices/1/annotations", "metadata"),
        ("url", "choices/1/annotations", "metadata"),
        ("https://e.x", "choices/1/annotations", "metadata"),
        ("novel", "choices/1/other", "metadata"),
        ("n n", "choices/1/other", "metadata"),
        ("z", "choices/0/content", "assistant"),
    ]
    assert replaced(value, found, "z")["choices"][1]["message"]["content"] == NEW


def test_a_choice_without_a_number_has_that_of_its_place() -> None:
    odd: Any = ({"message": {"content": "a"}}, {"index": -1, "message": {"content": "b"}}, "c")
    assert [one.channel for one in answer_passages(completion(*odd))] == [
        "choices/0/content",
        "choices/1/content",
        "choices/2",
    ]


def test_the_text_of_a_completion_is_the_content_of_its_choice() -> None:
    value: Any = {"object": "text_completion", "choices": [{"index": 0, "text": "a b"}]}
    assert channels(answer_passages(value)) == [("a b", "choices/0/content", "assistant")]


def test_items_of_output_are_seen_by_what_they_are() -> None:
    output = [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "a a", "annotations": [], "logprobs": [{"t": "a"}]},
                {"type": "refusal", "refusal": "b b"},
            ],
        },
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "c c"}]},
        {"type": "function_call", "call_id": "1", "name": "run", "arguments": '{"k":"d d"}'},
        {"type": "code_interpreter_call", "code": "e e", "outputs": ["f f"]},
        {"type": "web_search_call", "action": ["g g"]},
        {"type": "image_generation_call", "result": "iVBO" * 100, "revised_prompt": "h h"},
    ]
    value: Any = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "instructions": "as the client said",
        "tools": [{"name": "as the client said"}],
        "metadata": {"k": "as the client said"},
        "output": output,
    }
    assert channels(answer_passages(value)) == [
        ("a a", "output/0/content/0", "assistant"),
        ("b b", "output/0/content/1", "refusal"),
        ("c c", "output/1/summary/0", "reasoning"),
        ("run", "output/2/name", "tool_arguments"),
        ("k", "output/2/arguments", "tool_arguments"),
        ("d d", "output/2/arguments", "tool_arguments"),
        ("e e", "output/3/code", "tool_arguments"),
        ("f f", "output/3/outputs", "tool_result"),
        ("g g", "output/4/action", "tool_arguments"),
        ("h h", "output/5/revised_prompt", "assistant"),
    ]


def test_an_item_alone_has_the_channels_that_it_has_in_its_answer() -> None:
    item: Any = {"type": "function_call", "name": "run", "arguments": '{"k":"v"}'}
    whole = answer_passages({"object": "response", "output": [{"type": "x"}, item]})
    alone = item_passages(item, 1, ("item",))
    assert channels(alone) == channels(whole)
    assert alone[0].place == Place(("item", "name"))
    within = answer_passages({"output": [item]}, ("response",))
    assert within[0].place == Place(("response", "output", 0, "name"))


def test_images_transcriptions_and_errors_are_seen_and_embeddings_are_not() -> None:
    image: Any = {
        "data": [{"b64_json": "iVBO" * 100, "revised_prompt": "a b", "url": "https://e.x"}]
    }
    assert channels(answer_passages(image)) == [
        ("a b", "data/0/revised_prompt", "assistant"),
        ("https://e.x", "data/0/url", "assistant"),
    ]
    heard: Any = {"text": "a b", "segments": [{"id": 0, "text": "a", "new": "n"}], "words": []}
    assert channels(answer_passages(heard)) == [
        ("a b", "text", "assistant"),
        ("a", "text", "assistant"),
        ("new", "text/other", "metadata"),
        ("n", "text/other", "metadata"),
    ]
    error = answer_passages({"error": {"message": "no key sk-1", "code": None}})
    assert texts(error) == ["no key sk-1"]
    assert {one.part for one in error} == {Part.ERROR}
    assert answer_passages({"object": "list", "data": [{"embedding": "AAAA", "index": 0}]}) == ()
    assert answer_passages({"data": [{"embedding": [0.1, 0.2]}]}) == ()


def test_an_embedding_that_says_something_is_seen() -> None:
    assert texts(answer_passages({"data": [{"embedding": "say hello"}]})) == ["say hello"]


def test_anything_can_be_an_answer() -> None:
    assert texts(answer_passages("a b")) == ["a b"]
    assert texts(answer_passages(["a", {"k": 1}])) == ["a", "k"]
    assert answer_passages(None) == ()


KEYS = (
    "choices index message delta content tool_calls function arguments name output type role "
    "data error text refusal reasoning annotations segments usage object summary result other"
)
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.just(PROSE)
    | st.just('{"a":["b"]}')
    | st.just("message"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(value=values)
def test_whatever_an_answer_holds_all_prose_is_seen_and_can_be_replaced(value: Any) -> None:
    check_places(value, answer_passages)
    check_prose(value, answer_passages)
