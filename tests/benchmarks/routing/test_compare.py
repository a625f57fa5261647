"""Paired ratios and their intervals."""

import pytest

from benchmarks.routing.compare import Results, ratio
from tests.benchmarks.routing.runs import run


def test_the_mean_of_ratios_is_geometric_and_paired() -> None:
    found = ratio([1.0, 8.0], [2.0, 4.0])
    assert found.mean == pytest.approx(1.0)
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(2.0))


def test_equal_ratios_leave_no_doubt() -> None:
    found = ratio([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert [found.low, found.mean, found.high] == [pytest.approx(0.5)] * 3


def test_nothing_over_something_is_small_but_a_number() -> None:
    assert ratio([0.0], [5.0]).mean == pytest.approx(1e-3)
    assert ratio([0.0], [0.0]).mean == pytest.approx(1.0)


def test_runs_are_paired_by_seed_whatever_their_order() -> None:
    results = Results(
        [
            run("a", seed=1, ttft_p90=2.0),
            run("b", seed=0, ttft_p90=1.0),
            run("a", seed=0, ttft_p90=1.0),
            run("b", seed=1, ttft_p90=2.0),
        ]
    )
    found = results.compared("chat-1", "a", "b", "ttft_p90")
    assert found.low == found.high == pytest.approx(1.0)
    assert results.mean("chat-1", "a", "ttft_p90") == 1.5
    assert results.has("chat-1", "a", "b")
    assert not results.has("chat-1", "c")
