"""The oracle predicts what the engine then does."""

import pytest

from benchmarks.routing.policies.oracle import Oracle, first_token_in, matched
from gateway.simulation.engine import Engine
from gateway.simulation.job import Job
from gateway.simulation.request import Outcome, Request
from tests.simulation.fleet import asking, fleet, placed


def until_first(engine: Engine, request: Request, now: float) -> float:
    """Serve until the request's first token."""
    engine.submit(Job(Outcome(request), request.output), now)
    while engine.wake is not None:
        time = engine.wake
        first, _ = engine.finish_step(time)
        if any(job.outcome.request is request for job in first):
            return time - now
    raise AssertionError("no first token")


@pytest.mark.parametrize("tokens", [160, 4000, 20_000])
def test_on_an_idle_engine_the_prediction_is_exact_within_a_twentieth(tokens: int) -> None:
    engine = Engine(fleet(1)[0].engine.server)
    request = asking(1, (1, tokens))
    predicted = first_token_in(engine, request, [], 0.0)
    assert until_first(engine, request, 0.0) == pytest.approx(predicted, rel=0.05)


def test_behind_a_queue_it_is_right_within_a_fifth() -> None:
    engine = fleet(1)[0].engine
    for number in range(6):
        engine.submit(Job(Outcome(asking(number, (number + 10, 8000), output=400)), 400), 0.0)
    request = asking(9, (9, 4000))
    predicted = first_token_in(engine, request, [], 0.1)
    assert until_first(engine, request, 0.1) == pytest.approx(predicted, rel=0.2)


def test_what_those_in_front_will_compute_counts_as_cached() -> None:
    engine = fleet(1)[0].engine
    request = asking(1, (1, 6400), (2, 160))
    assert matched(engine, request.prompt.runs, {request.prompt.runs[0].key}) == 6400
    assert matched(engine, request.prompt.runs, set()) == 0


def test_a_burst_of_identical_prompts_is_not_computed_everywhere() -> None:
    policy, seen = Oracle(0), fleet(4)
    got = [placed(policy, asking(at, (1, 16_000)), seen).endpoint for at in range(4)]
    assert len(set(got)) == 4, "four idle engines are as soon as one that is busy, or sooner"
    later = [placed(policy, asking(at, (1, 16_000)), seen, 0.001).endpoint for at in range(4, 12)]
    assert set(later) == {0, 1, 2, 3}


def test_an_endpoint_that_left_has_nothing_on_its_way() -> None:
    policy, seen = Oracle(0), fleet(2)
    first = placed(policy, asking(0, (1, 16_000)), seen).endpoint
    assert placed(policy, asking(1, (2, 16_000)), seen).endpoint == 1 - first
    policy.left(first, 0.0)
    assert placed(policy, asking(2, (3, 16_000)), seen).endpoint == first
