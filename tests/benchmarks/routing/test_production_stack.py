"""production-stack's prefixaware, by its published rules."""

from collections import Counter

from benchmarks.routing.policies.production_stack import ProductionStackPrefix
from tests.simulation.fleet import asking, fleet, placed


def test_the_longest_match_wins_however_busy_it_is() -> None:
    policy, seen = ProductionStackPrefix(0), fleet(4)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    got = {placed(policy, asking(at, (1, 640), (at, 64)), seen).endpoint for at in range(2, 50)}
    assert got == {first}


def test_without_a_match_any_endpoint_gets_it() -> None:
    policy, seen = ProductionStackPrefix(0), fleet(3)
    got = Counter(placed(policy, asking(at, (at + 1, 640)), seen).endpoint for at in range(90))
    assert set(got) == {0, 1, 2}


def test_nothing_is_ever_forgotten() -> None:
    policy, seen = ProductionStackPrefix(0), fleet(4)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    for at in range(1, 2000):
        policy.place(asking(at, (at + 1, 64_000)), seen, 0.0)
    assert placed(policy, asking(9999, (1, 640)), seen).endpoint == first


def test_an_endpoint_that_left_matches_nothing() -> None:
    policy, seen = ProductionStackPrefix(0), fleet(2)
    first = placed(policy, asking(0, (1, 640)), seen).endpoint
    policy.left(first, 1.0)
    got = {placed(policy, asking(at, (at, 640)), [seen[1 - first]]).endpoint for at in (1, 2)}
    assert got == {1 - first}
