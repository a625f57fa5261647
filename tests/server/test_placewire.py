"""What is said to the picker process arrives as it was said, and nothing else does."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.placewire import (
    MAX_FRAME,
    SCORED,
    BrokenLineError,
    frame,
    from_answer,
    from_demand,
    from_served,
    receive,
    to_answer,
    to_demand,
    to_served,
)

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=20).map(tuple)
SECONDS = st.floats(0, 1e6) | st.none()
COUNTS = st.integers(0, 2**31)
NAMES = st.text(max_size=20)
ADDRESSES = st.lists(NAMES, max_size=4).map(tuple)
DEMANDS = st.builds(
    Demand,
    model=NAMES,
    chain=HASHES,
    prompt_bytes=COUNTS,
    output_limit=COUNTS | st.none(),
    priority=st.integers(-(2**31), 2**31),
    ttft_slo=SECONDS,
    subset=ADDRESSES | st.none(),
    repeatable=st.booleans(),
)
PLACEMENTS = st.builds(
    Placement,
    ticket=COUNTS,
    endpoint=NAMES,
    fallbacks=ADDRESSES,
    prefiller=NAMES | st.none(),
    expected=SECONDS,
    scores=st.dictionaries(NAMES, st.just({"expected": 1.5}), max_size=3),
)
ANSWERS = (
    PLACEMENTS
    | st.builds(Dropped, st.sampled_from(Drop), st.floats(0, 60))
    | st.builds(Entry, NAMES, COUNTS, st.floats(0, 60))
)


def received(data: bytes) -> list[Any]:
    async def read() -> list[Any]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return list(await receive(reader))

    return asyncio.run(read())


def through(values: list[Any]) -> list[Any]:
    return received(frame(values))


@given(DEMANDS)
def test_a_demand_arrives_as_it_was(demand: Demand) -> None:
    assert to_demand(through(from_demand(demand))) == demand


@given(ANSWERS)
def test_an_answer_arrives_as_it_was(answer: Placement | Dropped | Entry) -> None:
    assert to_answer(through(from_answer(answer))) == answer


def test_of_many_scores_the_best_arrive() -> None:
    scores = {f"10.0.0.{n}:80": {"expected": float(n)} for n in range(100)}
    answer = to_answer(through(from_answer(Placement(1, "10.0.0.0:80", scores=scores))))
    assert isinstance(answer, Placement)
    assert list(answer.scores) == list(scores)[:SCORED]


def test_an_end_arrives_as_it_was() -> None:
    for served in (Served(), Served("10.0.0.1:80", 200, 0.5, 10, 5, 2)):
        assert to_served(through(from_served(served))) == served


@pytest.mark.parametrize("data", [b"", b"\0\0", frame([1])[:-1], b"\0\0\0\2{}", b"\0\0\0\1x"])
def test_what_is_no_message_ends_the_line(data: bytes) -> None:
    with pytest.raises(BrokenLineError):
        received(data)


def test_a_message_has_a_largest_size_at_both_ends() -> None:
    with pytest.raises(ValueError, match="at most"):
        frame(["x" * MAX_FRAME])
    with pytest.raises(BrokenLineError):
        received((MAX_FRAME + 1).to_bytes(4, "big") + b"[]")


@pytest.mark.parametrize("values", [[], ["a"] * 40, ["dropped", "no such reason"], ["dropped"]])
def test_fields_of_another_version_end_the_line(values: list[Any]) -> None:
    with pytest.raises(BrokenLineError):
        to_answer(values)
    if len(values) != 1:
        with pytest.raises(BrokenLineError):
            to_served([*values, *range(7)])


def test_scores_come_back_whether_or_not_endpoints_have_the_same_parts() -> None:
    scores = {
        "a": {"queue": 1.0, "late": 2.0},
        "b": {"queue": 3.0, "late": 4.0},
        "c": {"late": 5.0},
    }
    sent = Placement(1, "a", scores=scores)
    found = to_answer(received(frame(from_answer(sent))))

    assert isinstance(found, Placement)
    assert {address: dict(parts) for address, parts in found.scores.items()} == scores


def test_names_of_parts_are_sent_once() -> None:
    parts = {"queue": 1.0, "prefill": 2.0}
    answer = from_answer(Placement(1, "a", scores={str(number): parts for number in range(9)}))

    assert frame(answer).count(b"prefill") == 1


def test_scores_of_another_length_than_their_names_end_the_connection() -> None:
    *fields, names, table = from_answer(Placement(1, "a", scores={"a": {"queue": 1.0}}))

    with pytest.raises(BrokenLineError):
        to_answer([*fields, [*names, "late"], table])
