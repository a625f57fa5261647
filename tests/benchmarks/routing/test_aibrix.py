"""AIBrix's prefix-cache policy, by its published rules."""

from benchmarks.routing.policies.aibrix import AibrixPrefix
from tests.simulation.fleet import asking, fleet, placed


def test_the_best_match_wins_while_the_endpoints_are_equally_busy() -> None:
    policy, seen = AibrixPrefix(0), fleet(4)
    first = placed(policy, asking(0, (1, 640)), seen)
    policy.finished(first, 0.0)
    assert placed(policy, asking(1, (1, 640), (2, 64)), seen).endpoint == first.endpoint


def test_beyond_a_difference_of_eight_the_least_busy_gets_it() -> None:
    policy, seen = AibrixPrefix(0), fleet(2)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    policy.active = {first: 9, 1 - first: 0}
    assert placed(policy, asking(1, (1, 640)), seen).endpoint == 1 - first


def test_a_match_that_is_busier_than_the_mean_and_a_deviation_is_passed_over() -> None:
    policy, seen = AibrixPrefix(0), fleet(4)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    policy.active = {first: 8, **{at: 2 for at in range(4) if at != first}}
    assert placed(policy, asking(1, (1, 640)), seen).endpoint != first


def test_a_match_of_less_than_a_block_of_128_characters_is_none() -> None:
    policy, seen = AibrixPrefix(0), fleet(2)
    first = placed(policy, asking(0, (1, 16)), seen).endpoint
    assert placed(policy, asking(1, (1, 16), (2, 640)), seen).endpoint == 1 - first


def test_an_endpoint_that_left_matches_nothing_when_it_is_back() -> None:
    policy, seen = AibrixPrefix(0), fleet(2)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    policy.left(first, 1.0)
    assert placed(policy, asking(1, (1, 640)), seen).endpoint == 1 - first
