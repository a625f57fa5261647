"""Dynamo's cost, by its published formula."""

from benchmarks.routing.policies.dynamo import DynamoCost
from gateway.simulation.job import Job
from gateway.simulation.policy import Seen
from gateway.simulation.request import Outcome
from tests.simulation.fleet import asking, fleet, placed


def warmed(one: Seen, *segments: tuple[int, int]) -> None:
    """Serve a prompt there, so that it is cached."""
    engine = one.engine
    engine.submit(Job(Outcome(asking(0, *segments, output=1)), 1), 0.0)
    assert engine.wake is not None
    engine.finish_step(engine.wake)


def test_the_endpoint_with_the_overlap_wins_while_it_has_as_few_blocks() -> None:
    policy, seen = DynamoCost(0), fleet(3)
    warmed(seen[1], (1, 6400))
    assert placed(policy, asking(1, (1, 6400), (2, 160)), seen).endpoint == 1


def test_active_blocks_outweigh_an_overlap_that_is_smaller() -> None:
    policy, seen = DynamoCost(0), fleet(2)
    warmed(seen[1], (1, 1600))
    first = placed(policy, asking(1, (1, 1600), (2, 3200)), seen)
    assert first.endpoint == 1
    policy.first_token(first, 1.0)
    assert placed(policy, asking(2, (1, 1600), (3, 160)), seen).endpoint == 0


def test_a_finished_sequence_weighs_nothing() -> None:
    policy, seen = DynamoCost(0), fleet(2)
    warmed(seen[1], (1, 1600))
    policy.finished(placed(policy, asking(1, (1, 1600), (2, 3200)), seen), 1.0)
    assert placed(policy, asking(2, (1, 1600), (3, 160)), seen).endpoint == 1


def test_ties_are_broken_at_random() -> None:
    policy, seen = DynamoCost(0), fleet(3)
    got: set[int] = set()
    for at in range(60):
        outcome = placed(policy, asking(at, (at + 1, 160)), seen)
        got.add(outcome.endpoint)
        policy.finished(outcome, 1.0)
    assert got == {0, 1, 2}
