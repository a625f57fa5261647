"""llm-d's scorers, filter and index, by its published rules."""

import pytest

from benchmarks.routing.policies.llmd import StickyUntilSaturated, WeightedScorers, queue_scores
from gateway.simulation.policy import Seen
from tests.simulation.fleet import asking, fleet, placed

PROMPT = ((1, 6400), (2, 640))


def test_the_queue_scorer_is_linear_between_the_shortest_and_the_longest_queue() -> None:
    assert queue_scores([0, 5, 10]) == [1.0, 0.5, 0.0]
    assert queue_scores([3, 3]) == [1.0, 1.0]


def test_a_prefix_outweighs_a_queue_but_not_a_queue_and_a_full_cache() -> None:
    policy, seen = WeightedScorers(0), fleet(2)
    index = placed(policy, asking(0, *PROMPT), seen).endpoint
    seen[index].waiting = 10
    assert placed(policy, asking(1, *PROMPT), seen).endpoint == index
    seen[index].usage = 1.0
    assert placed(policy, asking(2, *PROMPT), seen).endpoint != index


def test_cold_requests_go_round_those_that_had_none_for_longest() -> None:
    policy, seen = WeightedScorers(0), fleet(4)
    got = [placed(policy, asking(at, (at + 1, 6400)), seen).endpoint for at in range(8)]
    assert sorted(got[:4]) == [0, 1, 2, 3]
    assert got[4:] == got[:4]


def test_with_any_match_the_no_hit_scorer_has_no_opinion() -> None:
    policy, seen = WeightedScorers(0), fleet(3)
    assert policy.no_hit_scores([0, 640, 0], seen) == [0.5, 0.5, 0.5]
    assert policy.no_hit_scores([0], seen[:1]) == [1.0]


def test_the_index_believes_in_four_times_the_cache_that_there_is() -> None:
    policy, seen = WeightedScorers(0), fleet(1)
    asked = [asking(at, (at + 1, 6400)) for at in range(180)]
    for request in asked:
        policy.place(request, seen, 0.0)
    assert len(asked) * 6400 > 3 * seen[0].tokens
    assert policy.matched(asked[0], seen) == [6400]


def test_what_is_matched_is_whole_blocks_of_64_tokens_and_at_most_131072() -> None:
    policy, seen = WeightedScorers(0), fleet(1)
    small, large = asking(0, (1, 160)), asking(1, (2, 160_000))
    policy.place(small, seen, 0.0)
    policy.place(large, seen, 0.0)
    assert policy.matched(small, seen) == [128]
    assert policy.matched(large, seen) == [131_072]


def test_an_endpoint_that_left_is_believed_to_be_empty() -> None:
    policy, seen = WeightedScorers(0), fleet(1)
    policy.place(asking(0, *PROMPT), seen, 0.0)
    policy.left(0, 1.0)
    assert policy.matched(asking(1, *PROMPT), seen) == [0]


@pytest.fixture
def seen() -> list[Seen]:
    return fleet(3)


def test_a_prompt_that_is_four_fifths_known_sticks(seen: list[Seen]) -> None:
    policy = StickyUntilSaturated(0)
    index = placed(policy, asking(0, (1, 6400)), seen).endpoint
    outcome = placed(policy, asking(1, (1, 6400), (2, 1280)), seen)
    assert outcome.endpoint == index


def test_a_prompt_that_is_less_than_that_known_goes_to_the_least_loaded(seen: list[Seen]) -> None:
    policy = StickyUntilSaturated(0)
    index = placed(policy, asking(0, (1, 6400)), seen).endpoint
    policy.place(asking(7, (8, 640)), [seen[index]], 0.0)
    assert placed(policy, asking(1, (1, 6400), (2, 6400)), seen).endpoint != index


def test_it_sticks_until_the_work_in_front_takes_18_seconds_longer(seen: list[Seen]) -> None:
    policy = StickyUntilSaturated(0)
    index = placed(policy, asking(0, (1, 6400)), seen).endpoint
    only = [seen[index]]
    policy.place(asking(1, (50, 270_000)), only, 0.0)
    policy.place(asking(5, (51, 8000)), only, 0.0)
    assert (6400 + 270_000 + 8000) / 15_928 < 18
    assert placed(policy, asking(2, (1, 6400)), seen).endpoint == index
    policy.place(asking(3, (52, 8000)), only, 0.0)
    assert placed(policy, asking(4, (1, 6400)), seen).endpoint != index


def test_tokens_are_let_go_of_with_the_first_token_and_only_once(seen: list[Seen]) -> None:
    policy = StickyUntilSaturated(0)
    first = placed(policy, asking(0, (1, 64_000)), seen)
    policy.first_token(first, 1.0)
    policy.finished(first, 2.0)
    places = [placed(policy, asking(at, (at + 9, 6400)), seen).endpoint for at in (1, 2, 3)]
    assert sorted(places) == [0, 1, 2]
