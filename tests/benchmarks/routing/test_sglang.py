"""sglang's cache_aware and lmetric, by their published rules."""

from benchmarks.routing.policies.sglang import CacheAware, Lmetric
from tests.simulation.fleet import asking, fleet, placed


def test_more_than_three_tenths_matched_go_to_the_match() -> None:
    policy, seen = CacheAware(0), fleet(2)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    assert placed(policy, asking(1, (1, 640), (2, 1280)), seen).endpoint == first


def test_three_tenths_or_less_go_to_the_least_loaded() -> None:
    policy, seen = CacheAware(0), fleet(2)
    first = placed(policy, asking(0, (1, 480)), seen).endpoint
    assert placed(policy, asking(1, (1, 480), (2, 1120)), seen).endpoint == 1 - first


def test_out_of_balance_needs_both_more_than_64_and_more_than_half_as_many_again() -> None:
    policy, seen = CacheAware(0), fleet(2)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    policy.active = {first: 65, 1 - first: 1}
    assert placed(policy, asking(1, (1, 640)), seen).endpoint == first
    policy.active = {first: 66, 1 - first: 1}
    assert placed(policy, asking(2, (1, 640)), seen).endpoint == 1 - first
    policy.active = {first: 290, 1 - first: 200}
    assert placed(policy, asking(3, (5, 640)), seen).endpoint == 1 - first
    assert placed(policy, asking(4, (5, 640)), seen).endpoint == 1 - first


def test_lmetric_weighs_what_is_left_to_read_by_the_load() -> None:
    policy, seen = Lmetric(0), fleet(2)
    policy.active = {0: 0, 1: 5}
    assert placed(policy, asking(0, (1, 640)), seen).endpoint == 0
    policy.active = {0: 3, 1: 0}
    assert placed(policy, asking(1, (1, 640), (2, 320)), seen).endpoint == 1
    policy.active = {0: 1, 1: 0}
    assert placed(policy, asking(2, (3, 640), (4, 640)), seen).endpoint == 1
    policy.active = {0: 1, 1: 1}
    assert placed(policy, asking(3, (9, 640)), seen).endpoint == 0


def test_an_endpoint_that_left_matches_nothing() -> None:
    policy, seen = Lmetric(0), fleet(1)
    policy.place(asking(0, (1, 640)), seen, 0.0)
    policy.left(0, 1.0)
    assert policy.tree.matches(asking(1, (1, 640)).prompt.runs, [0]) == {}
