"""Random, round robin, least request."""

from collections import Counter

from benchmarks.routing.policies.unaware import LeastRequest, RandomChoice, RoundRobin
from tests.simulation.fleet import asking, fleet, placed


def test_round_robin_gives_each_endpoint_its_turn() -> None:
    policy, seen = RoundRobin(0), fleet(4)
    got = Counter(placed(policy, asking(at, (1, 16)), seen).endpoint for at in range(40))
    assert set(got.values()) == {10}


def test_random_reaches_every_endpoint() -> None:
    policy, seen = RandomChoice(0), fleet(4)
    got = Counter(placed(policy, asking(at, (1, 16)), seen).endpoint for at in range(400))
    assert all(60 < count < 140 for count in got.values())
    assert len(got) == 4


def test_the_endpoint_with_the_fewest_in_flight_gets_the_next() -> None:
    policy, seen = LeastRequest(0), fleet(3)
    outcomes = [placed(policy, asking(at, (1, 16)), seen) for at in range(3)]
    assert {outcome.endpoint for outcome in outcomes} == {0, 1, 2}
    policy.finished(outcomes[1], 0.0)
    assert placed(policy, asking(9, (1, 16)), seen).endpoint == outcomes[1].endpoint
