"""What an answer cost is what its server says, in either of two vocabularies."""

from typing import Any

import pytest

from gateway.model.usage import Usage
from gateway.protocols.openai.usage import Meter, is_usage_chunk


def read(*documents: Any) -> Usage | None:
    meter = Meter()
    for document in documents:
        meter.read(document)
    return meter.usage


def test_chat_completions_count_prompt_and_completion() -> None:
    answer = {
        "model": "m",
        "choices": [{"finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }
    assert read(answer) == Usage(10, 5, 4, 3, "m", "stop")


@pytest.mark.parametrize(
    ("more", "finish"),
    [
        ({"status": "completed"}, "completed"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
        ),
    ],
)
@pytest.mark.parametrize("within", [True, False])
def test_responses_count_input_and_output(more: dict[str, Any], finish: str, within: bool) -> None:
    answer = {
        "object": "response",
        "model": "m",
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 3},
        },
        **more,
    }
    document = {"type": "response.completed", "response": answer} if within else answer
    assert read(document) == Usage(10, 5, 4, 3, "m", finish)


def test_the_reason_of_the_end_comes_before_the_usage() -> None:
    chunks: list[Any] = [
        {"model": "m", "choices": [{"finish_reason": None}], "usage": None},
        {"model": "m", "choices": [{"finish_reason": "length"}], "usage": None},
        {"model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    ]
    assert read(*chunks) == Usage(1, 2, model="m", finish="length")
    assert read(*chunks[:2]) is None


def test_later_counts_are_totals() -> None:
    counts: list[Any] = [
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": n}} for n in (1, 2)
    ]
    assert read(*counts) == Usage(1, 2)


@pytest.mark.parametrize("wrong", [-1, 1.5, "1", True, None, [], 1 << 60])
def test_what_is_no_count_counts_nothing(wrong: Any) -> None:
    usage = {"prompt_tokens": wrong, "completion_tokens": 2, "prompt_tokens_details": wrong}
    assert read({"usage": usage, "choices": wrong}) == Usage(0, 2)


@pytest.mark.parametrize("document", [None, 1, [], {}, {"usage": 1}, {"response": {"usage": []}}])
def test_what_says_nothing_has_no_usage(document: Any) -> None:
    assert read(document) is None


CHUNKS: list[tuple[Any, bool]] = [
    ({"choices": [], "usage": {}}, True),
    ({"choices": [], "usage": None}, False),
    ({"choices": []}, False),
    ({"choices": [{}], "usage": {}}, False),
    ({"usage": {}}, False),
    ([], False),
]


@pytest.mark.parametrize(("chunk", "only"), CHUNKS)
def test_a_chunk_of_usage_has_no_choices(chunk: Any, only: bool) -> None:
    assert is_usage_chunk(chunk) is only


@pytest.mark.parametrize("within", [True, False])
def test_the_answer_is_named_by_its_id(within: bool) -> None:
    answer = {"id": "chatcmpl-1", "usage": {"prompt_tokens": 1}}
    found = read({"response": answer} if within else answer)
    assert found is not None
    assert found.id == "chatcmpl-1"


@pytest.mark.parametrize(
    ("usage", "tells"),
    [
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}}, True),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, True),
        ({"input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}}, True),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": None}}, False),
        ({"prompt_tokens": 9, "prompt_tokens_details": {}}, False),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, False),
        ({"prompt_tokens": 9}, False),
    ],
)
def test_a_server_that_counts_no_cached_tokens_is_told_from_one_that_had_none(
    usage: dict[str, Any], tells: bool
) -> None:
    found = read({"choices": [], "usage": usage})
    assert found is not None
    assert found.tells_cached is tells
