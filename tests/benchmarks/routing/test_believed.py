"""What routers believe of caches."""

from benchmarks.routing.believed import Contiguous, HeadFirstLru, longest
from gateway.simulation.prompt import prompt_of

ONE = prompt_of([(1, 128), (2, 64)]).runs
TWO = prompt_of([(1, 128), (3, 64)]).runs


def test_the_head_of_the_oldest_prompt_is_forgotten_first() -> None:
    index = HeadFirstLru(256)
    index.insert(prompt_of([(5, 192)]).runs)
    index.insert(prompt_of([(6, 128)]).runs)
    assert index.gap(prompt_of([(5, 192)]).runs[0]) == 64
    assert index.kept == 256


def test_a_prompt_that_is_sent_again_is_whole_and_youngest() -> None:
    index = HeadFirstLru(256)
    first = prompt_of([(5, 192)]).runs
    index.insert(first)
    index.insert(prompt_of([(6, 128)]).runs)
    index.insert(first)
    assert index.gap(first[0]) == 0
    assert index.gap(prompt_of([(6, 128)]).runs[0]) == 64


def test_a_block_counts_for_whoever_has_it_though_there_is_a_gap_before_it() -> None:
    whole, tail = HeadFirstLru(1000), HeadFirstLru(1000)
    whole.insert(ONE[:1])
    tail.insert(ONE)
    tail.runs.pop(ONE[0].key)
    assert longest([whole, tail], ONE) == [128, 64]


def test_the_walk_stops_at_the_first_block_that_nobody_has() -> None:
    tail = HeadFirstLru(1000)
    tail.insert(ONE)
    tail.runs.pop(ONE[0].key)
    assert longest([tail], ONE) == [0]


def test_a_contiguous_match_ends_at_the_first_gap_of_each_endpoint() -> None:
    index = Contiguous()
    index.insert(ONE, 0)
    index.insert(TWO, 1)
    assert index.matches(ONE, [0, 1, 2]) == {0: 192, 1: 128}
    assert index.matches(ONE, [1]) == {1: 128}


def test_over_its_capacity_the_least_recent_tail_goes_first() -> None:
    index = Contiguous(256)
    index.insert(ONE, 0)
    index.insert(TWO, 0)
    index.insert(prompt_of([(9, 64)]).runs, 0)
    assert index.matches(ONE, [0]) == {0: 128}
    assert index.matches(TWO, [0]) == {0: 192}


def test_an_endpoint_that_left_has_nothing() -> None:
    index = Contiguous()
    index.insert(ONE, 0)
    index.insert(ONE, 1)
    index.forget(0)
    assert index.matches(ONE, [0, 1]) == {1: 192}
    assert index.kept == 192
