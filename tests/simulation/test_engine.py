"""The engine: batching, the cache, preemption, and that it loses nothing."""

from dataclasses import replace
from random import Random

import pytest

from gateway.simulation.engine import Engine
from gateway.simulation.hardware import Gpu, Server
from gateway.simulation.job import Job
from gateway.simulation.request import Outcome, Request
from tests.simulation.fleet import asking

H100_SLICE = Gpu("H100", 989.5e12, 3.35e12, 40.6e9)
SMALL = Server(gpu=H100_SLICE)
"""Room for a few thousand tokens beside the weights."""


def served(engine: Engine, requests: list[Request]) -> dict[int, tuple[float, float]]:
    """Serve requests that arrive at their times: when each had its first and last token."""
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    coming = sorted(requests, key=lambda each: each.at)
    while coming or engine.wake is not None:
        if coming and (engine.wake is None or coming[0].at <= engine.wake):
            request = coming.pop(0)
            engine.submit(Job(Outcome(request), request.output), request.at)
            continue
        assert engine.wake is not None
        now = engine.wake
        begun, ended = engine.finish_step(now)
        first |= {job.outcome.request.number: now for job in begun}
        last |= {job.outcome.request.number: now for job in ended}
    return {number: (first[number], last[number]) for number in last}


def at(time: float, request: Request) -> Request:
    request.at = time
    return request


def test_one_request_takes_its_prefill_and_its_decode_steps() -> None:
    engine = Engine(Server())
    (first, last) = served(engine, [asking(0, (1, 1600), output=101)])[0]
    assert first == pytest.approx(engine.time.step(1600, 1600 * 800, 1, 0, 0))
    assert last - first == pytest.approx(engine.time.decode(100, 1, 1600))


def test_a_prompt_beyond_the_budget_is_prefilled_in_chunks() -> None:
    engine = Engine(Server())
    (first, _) = served(engine, [asking(0, (1, 10_000), output=1)])[0]
    budget, rest = 8192, 10_000 - 8192
    chunks = engine.time.step(budget, budget * budget / 2, 1, 0, 0)
    chunks += engine.time.step(rest, rest * (budget + rest / 2), 1, 0, 0)
    assert first == pytest.approx(chunks)


def test_the_second_of_two_equal_prompts_finds_the_first_ones_blocks() -> None:
    engine = Engine(Server())
    times = served(engine, [asking(0, (1, 8000)), at(5.0, asking(1, (1, 8000)))])
    assert times[1][0] - 5.0 < 0.1 * times[0][0]
    assert engine.hits == 8000 - 16


def test_a_prefill_slows_the_answers_beside_it() -> None:
    alone = served(Engine(Server()), [asking(0, (1, 160), output=200)])[0][1]
    beside = served(
        Engine(Server()), [asking(0, (1, 160), output=200), at(1.0, asking(1, (2, 8000)))]
    )[0][1]
    assert beside > alone + 0.3


def test_an_arrival_is_served_with_the_next_step_though_many_were_taken_at_once() -> None:
    engine = Engine(Server())
    times = served(engine, [asking(0, (1, 160), output=2000), at(2.0, asking(1, (2, 160)))])
    assert times[1][0] - 2.0 < 3 * engine.time.step(160, 160 * 80, 1, 1, 500)


def test_taking_many_steps_at_once_changes_no_time() -> None:
    """An arrival that is not admitted any earlier than the others end changes nothing."""
    engine = Engine(replace(Server(), sequences=1))
    times = served(engine, [asking(0, (1, 160), output=500), at(1.0, asking(1, (2, 160)))])
    alone = served(Engine(Server()), [asking(0, (1, 160), output=500)])
    assert times[0] == pytest.approx(alone[0])
    assert times[1][0] > times[0][1]


@pytest.mark.parametrize("seed", range(6))
def test_when_blocks_run_out_requests_are_preempted_and_nothing_is_lost(seed: int) -> None:
    random = Random(seed)
    requests = [
        at(
            random.uniform(0, 4),
            asking(
                number,
                (random.randrange(3) + 1, 480),
                (100 + number % 9, random.randrange(1, 400)),
                output=random.randrange(1, 600),
            ),
        )
        for number in range(60)
    ]
    engine = Engine(SMALL)
    assert engine.cache.capacity < 400
    times = served(engine, requests)
    assert len(times) == 60
    assert engine.preemptions > 0
    assert engine.generated == sum(request.output for request in requests)
    assert (engine.decoding, engine.context) == (0, 0)
    assert not engine.running
    assert not engine.prefilling
    cache = engine.cache
    assert cache.used == cache.idle == sum(node.blocks for node in cache.nodes.values())


def test_no_more_run_than_the_server_allows() -> None:
    engine = Engine(replace(Server(), sequences=2))
    for number in range(5):
        request = asking(number, (number + 1, 160), output=50)
        engine.submit(Job(Outcome(request), 50), 0.0)
    assert engine.wake is not None
    engine.finish_step(engine.wake)
    assert (len(engine.running), len(engine.waiting)) == (2, 3)


def test_what_a_dead_server_had_is_returned() -> None:
    engine = Engine(replace(Server(), sequences=1))
    for number in range(3):
        engine.submit(Job(Outcome(asking(number, (1, 160))), 16), 0.0)
    assert sorted(job.outcome.request.number for job in engine.fail()) == [0, 1, 2]
    assert engine.wake is None


def test_the_requests_that_end_next_are_told_in_order() -> None:
    engine = Engine(Server())
    for number, output in enumerate((300, 100, 200)):
        engine.submit(Job(Outcome(asking(number, (number + 1, 160))), output), 0.0)
    assert engine.wake is not None
    for _ in range(3):
        assert engine.wake is not None
        engine.finish_step(engine.wake)
    order = [job.outcome.request.number for _, job in engine.ends_soonest(2)]
    assert order == [1, 2]


def test_an_aborted_request_gives_its_blocks_back_and_the_others_go_on() -> None:
    engine = Engine(Server())
    jobs = [Job(Outcome(request), 500) for request in (asking(0, (1, 1600)), asking(1, (2, 1600)))]
    for job in jobs:
        engine.submit(job, 0.0)
    for now in (0.2, 0.5):
        while engine.wake is not None and engine.wake < now:
            engine.finish_step(engine.wake)
        engine.abort(jobs[0], now)
    while engine.wake is not None:
        engine.finish_step(engine.wake)
    assert jobs[1].generated == 500
    assert 0 < jobs[0].generated < 500
    assert not engine.running
    assert engine.cache.used == engine.cache.idle


def test_a_request_aborted_while_it_waits_or_prefills_is_never_answered() -> None:
    engine = Engine(replace(Server(), sequences=1))
    prefilling, waiting = (Job(Outcome(asking(at, (at + 1, 20_000))), 50) for at in range(2))
    engine.submit(prefilling, 0.0)
    engine.submit(waiting, 0.0)
    engine.abort(waiting, 0.1)
    engine.abort(prefilling, 0.1)
    assert engine.wake is not None
    assert engine.finish_step(engine.wake) == ([], [])
    assert engine.wake is None
    assert engine.cache.used == engine.cache.idle


def test_a_request_whose_keys_and_values_came_from_elsewhere_computes_one_token() -> None:
    engine = Engine(Server())
    request = asking(0, (1, 8000), output=10)
    job = Job(Outcome(request), 10, received=True, moved=0.5)
    engine.submit(job, 1.0)
    assert job.arrived == 0.5
    assert engine.wake == pytest.approx(1.0 + engine.time.step(1, 8000, 1, 0, 0), rel=1e-3)
    while engine.wake is not None:
        engine.finish_step(engine.wake)
    assert (job.outcome.cached, job.outcome.reported) == (0, 7999)
    assert engine.cache.matched(request.prompt.runs, 8000) == 8000
