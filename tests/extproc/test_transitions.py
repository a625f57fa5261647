"""The table alone: what every path through it has in common. The machine that obeys it has tests of
its own, step by step."""

from typing import Any, get_args

import pytest

from gateway.extproc.events import Event, RequestHeaders, ResponseHeaders
from gateway.extproc.transitions import TRANSITIONS, End, State
from gateway.model.verdict import (
    Conclusion,
    Emit,
    Forward,
    PassResponse,
    Proceed,
    ReadResponse,
    Refuse,
)

EVENTS, CONCLUSIONS = frozenset(get_args(Event)), frozenset(get_args(Conclusion))
ASKING = frozenset(
    {State.PREVIEWING, State.JUDGING, State.ANSWERING, State.FILTERING, State.WEIGHING}
)
"""Waiting for a verdict, where every other state waits for Envoy."""
LAST = frozenset({State.RELAYING, State.ANSWERED, State.ENDED})
AFTER_THE_VERDICT = frozenset(
    {State.FORWARDED, State.ANSWERING, State.READING, State.FILTERING, State.RELAYING}
)


def reached(start: State, without: frozenset[type] = frozenset()) -> frozenset[State]:
    """The states that some steps lead to from `start`, none of them by a cause of `without`."""
    found, fresh = {start}, [start]
    while fresh:
        at = fresh.pop()
        targets = {
            target
            for (state, cause), to in TRANSITIONS.items()
            if state is at and cause not in without
            for target in to
        }
        fresh += targets - found
        found |= targets
    return frozenset(found)


def causes(state: State) -> frozenset[type]:
    """What may come in a state."""
    return frozenset(cause for at, cause in TRANSITIONS if at is state)


def test_nothing_of_a_request_goes_on_without_the_verdict_on_it() -> None:
    assert reached(State.START) >= AFTER_THE_VERDICT
    assert reached(State.START, without=frozenset({Forward})).isdisjoint(AFTER_THE_VERDICT)


def test_a_response_is_judged_before_anything_of_it_passes() -> None:
    unjudged = frozenset({PassResponse, ReadResponse})
    assert reached(State.FORWARDED, without=unjudged) == {
        State.FORWARDED,
        State.ANSWERING,
        State.ENDED,
    }


def test_every_piece_that_is_read_waits_for_its_own_verdict() -> None:
    assert reached(State.READING, without=frozenset({Emit})) == {State.READING, State.FILTERING}
    verdicts = frozenset({Emit, Refuse})
    collected = {State.COLLECTING, State.WEIGHING}
    assert reached(State.COLLECTING, without=verdicts) == collected


def test_a_request_is_forwarded_once() -> None:
    assert [state for state, cause in TRANSITIONS if cause is Forward] == [State.JUDGING]
    assert State.JUDGING not in reached(State.FORWARDED)


def test_a_request_begins_once() -> None:
    assert [state for state, cause in TRANSITIONS if cause is RequestHeaders] == [State.START]
    assert all(State.START not in to for to in TRANSITIONS.values())


def test_only_a_refusal_ends_an_exchange_and_nothing_goes_on_after_it() -> None:
    enders = {cause for (state, cause), to in TRANSITIONS.items() if State.ENDED in to - {state}}
    assert enders == {Refuse}
    assert reached(State.ENDED) == {State.ENDED}


def test_an_answer_of_envoys_own_to_what_was_never_judged_reaches_no_verdict() -> None:
    found = {
        state
        for (state, cause), to in TRANSITIONS.items()
        if cause is ResponseHeaders and State.ANSWERED in to
    }
    assert found == {State.START, State.HOLDING}
    assert reached(State.ANSWERED) == {State.ANSWERED}


@pytest.mark.parametrize("state", State)
def test_a_state_waits_either_for_envoy_or_for_a_verdict(state: State) -> None:
    assert causes(state) <= (CONCLUSIONS if state in ASKING else EVENTS)


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_and_left_but_the_last_ones(state: State) -> None:
    assert state in reached(State.START)
    assert (reached(state) == {state}) is (state in LAST)


def test_every_event_and_every_verdict_has_its_place() -> None:
    assert {cause for _, cause in TRANSITIONS} == EVENTS | CONCLUSIONS
    assert {Proceed, Forward, Refuse, PassResponse, ReadResponse, Emit} == CONCLUSIONS
    assert all(TRANSITIONS.values())


def test_the_table_cannot_be_changed() -> None:
    table: Any = TRANSITIONS
    with pytest.raises(TypeError):
        table[State.START, RequestHeaders] = frozenset({State.FORWARDED})
    assert all(isinstance(to, frozenset) for to in TRANSITIONS.values())


@pytest.mark.parametrize("names", [State, End])
def test_no_two_states_and_no_two_ends_are_the_same(names: type[State] | type[End]) -> None:
    assert len(set(names)) == len(names.__members__)
