"""Tokens as Anthropic counts them, by one way of counting for all."""

from typing import Any

import pytest

from gateway.model.usage import Usage
from gateway.protocols.anthropic.usage import MAX_TOKENS, Tally

COUNTS: dict[str, Any] = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "output_tokens": 42,
}
MESSAGE: dict[str, Any] = {
    "type": "message",
    "model": "m-1",
    "stop_reason": "end_turn",
    "usage": COUNTS,
}


def of_message(**usage: Any) -> Usage | None:
    tally = Tally()
    tally.message(MESSAGE | {"usage": COUNTS | usage})
    return tally.usage


def of_events(*events: Any) -> Usage | None:
    tally = Tally()
    for event in events:
        tally.event(event)
    return tally.usage


def start(**usage: Any) -> dict[str, Any]:
    message = MESSAGE | {"stop_reason": None, "usage": usage}
    return {"type": "message_start", "message": message}


def delta(reason: Any = None, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def test_input_counts_what_was_written_to_a_cache_and_read_from_one() -> None:
    assert of_message() == Usage(327, 42, 300, 0, "m-1", "end_turn")
    assert of_message(cache_creation_input_tokens=None) == Usage(307, 42, 300, 0, "m-1", "end_turn")


def test_thinking_is_a_part_of_the_output() -> None:
    assert of_message(output_tokens_details={"thinking_tokens": 40}) == Usage(
        327, 42, 300, 40, "m-1", "end_turn"
    )


def test_tokens_of_a_compaction_and_of_an_advisor_are_added() -> None:
    own = {"input_tokens": 1, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 4}
    iterations = [
        {"type": kind, **own, "output_tokens": 8}
        for kind in ("message", "compaction", "advisor_message", "fallback_message", "new")
    ]
    assert of_message(iterations=iterations) == Usage(341, 58, 308, 0, "m-1", "end_turn")


def test_counts_of_a_stream_are_cumulative() -> None:
    begun = start(**(COUNTS | {"output_tokens": 1}))
    assert of_events(begun) == Usage(327, 1, 300, 0, "m-1", "")
    assert of_events(begun, delta(output_tokens=20)) == Usage(327, 20, 300, 0, "m-1", "")
    got = of_events(begun, delta(output_tokens=20), delta("max_tokens", output_tokens=42))
    assert got == Usage(327, 42, 300, 0, "m-1", "max_tokens")


def test_a_reason_to_stop_stays_when_a_later_event_has_none() -> None:
    got = of_events(start(**COUNTS), delta("end_turn"), delta(output_tokens=43))
    assert got == Usage(327, 43, 300, 0, "m-1", "end_turn")


def test_input_that_grows_in_a_stream_replaces_what_it_began_with() -> None:
    grown = delta("end_turn", input_tokens=1000, cache_read_input_tokens=None, output_tokens=9)
    assert of_events(start(**COUNTS), grown) == Usage(1320, 9, 300, 0, "m-1", "end_turn")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {"type": "error", "error": {}},
        {"type": "ping"},
        {"type": "message_start"},
        {"type": "message_start", "message": []},
        {"type": "message_delta", "delta": None, "usage": None},
        {"type": "message_delta", "usage": "x"},
        {"type": "content_block_delta", "usage": COUNTS},
        MESSAGE | {"type": "completion"},
    ],
)
def test_what_tells_no_usage_has_none(value: Any) -> None:
    tally = Tally()
    tally.message(value)
    tally.event(value)
    assert tally.usage is None


@pytest.mark.parametrize("count", [-1, True, 1.5, "7", None, [7], MAX_TOKENS + 1])
def test_what_is_no_count_counts_nothing(count: Any) -> None:
    assert of_message(output_tokens=count) == Usage(327, 0, 300, 0, "m-1", "end_turn")
    assert of_message(output_tokens_details={"thinking_tokens": count}) == of_message()
    assert of_message(iterations=[{"type": "compaction", "input_tokens": count}]) == of_message()


def test_names_that_are_no_text_are_empty() -> None:
    tally = Tally()
    odd: dict[str, Any] = {"model": 1, "stop_reason": ["x"]}
    tally.message(MESSAGE | odd)
    assert tally.usage == Usage(327, 42, 300)


def test_the_message_is_named_by_its_id_in_one_piece_and_in_a_stream() -> None:
    named = MESSAGE | {"id": "msg-1"}
    tally = Tally()
    tally.message(named)
    streamed = of_events({"type": "message_start", "message": named}, delta("end_turn"))
    for usage in (tally.usage, streamed):
        assert usage is not None
        assert usage.id == "msg-1"


def test_a_server_that_counts_no_cached_tokens_is_told_from_one_that_had_none() -> None:
    found = [of_message(cache_read_input_tokens=count) for count in (300, 0, None)] + [
        of_events(start(input_tokens=1, cache_read_input_tokens=0), delta(output_tokens=2))
    ]
    assert [one is not None and one.tells_cached for one in found] == [True, True, False, True]
