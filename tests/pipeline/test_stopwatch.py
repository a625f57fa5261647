"""Durations of stages are whole microseconds of the clock that was passed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.stopwatch import Stopwatch


def watch(*ticks: int) -> tuple[Stopwatch, dict[str, int]]:
    """One whose clock shows these nanoseconds, and what it fills."""
    stages: dict[str, int] = {}
    return Stopwatch(iter(ticks).__next__, stages), stages


def test_stages_are_timed_one_after_the_other_in_their_order() -> None:
    timed, stages = watch(5_000, 8_000, 9_000, 10_000)
    with timed.stage("second"):
        assert stages == {}
    with timed.stage("first"):
        assert stages == {"second": 3}
    assert list(stages.items()) == [("second", 3), ("first", 1)]


@pytest.mark.parametrize(("spent", "shown"), [(0, 0), (999, 0), (1_000, 1), (1_999, 1)])
def test_nanoseconds_become_whole_microseconds(spent: int, shown: int) -> None:
    timed, stages = watch(10**18, 10**18 + spent)
    with timed.stage("one"):
        pass
    assert stages == {"one": shown}


def test_a_stage_that_refuses_is_timed_and_its_refusal_goes_on() -> None:
    timed, stages = watch(0, 4_000)
    with pytest.raises(PermissionError), timed.stage("decide"):
        raise PermissionError
    assert stages == {"decide": 4}


@given(st.lists(st.integers(0, 10**9), max_size=10))
def test_a_stage_that_runs_again_adds_to_its_time(spent: list[int]) -> None:
    timed, stages = watch(*(tick for each in spent for tick in (0, each * 1000)))
    for _ in spent:
        with timed.stage("one"):
            pass
    assert stages.get("one", 0) == sum(spent)
