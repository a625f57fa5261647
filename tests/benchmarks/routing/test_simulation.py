"""Virtual time: every request ends, the same ones for every policy."""

import pytest

from benchmarks.routing.hardware import ADMISSION, STREAMING, Server, StepTime
from benchmarks.routing.policies import POLICIES
from benchmarks.routing.policies.unaware import LeastRequest, RoundRobin
from benchmarks.routing.request import Request
from benchmarks.routing.simulation import simulate
from benchmarks.routing.workload import Change, Workload
from benchmarks.routing.workloads.chat import bursty_chat
from benchmarks.routing.workloads.shared_prefix import DIES, JOINS, churn
from tests.benchmarks.routing.fleet import asking


def at(time: float, request: Request) -> Request:
    request.at = time
    return request


def test_a_request_alone_takes_what_the_model_and_the_overheads_say() -> None:
    trace = simulate(Workload([Server()], [[asking(0, (1, 1600))]]), RoundRobin(0))
    model = StepTime(Server())
    expected = ADMISSION + model.step(1600, 1600 * 800, 1, 0, 0) + STREAMING
    assert trace.outcomes[0].ttft == pytest.approx(expected)
    assert trace.outcomes[0].e2e > trace.outcomes[0].ttft


def test_a_stage_begins_when_the_one_before_has_ended() -> None:
    stages = [[asking(0, (1, 1600), output=200)], [asking(1, (2, 1600))]]
    trace = simulate(Workload([Server()], stages), RoundRobin(0))
    assert trace.stages[1].began == trace.stages[0].ended > 2
    assert trace.outcomes[1].request.at == trace.stages[1].began


@pytest.mark.parametrize("name", POLICIES)
def test_under_every_policy_the_same_requests_arrive_and_all_end(name: str) -> None:
    trace = simulate(bursty_chat(1, 4.0), POLICIES[name](1))
    expected = [(each.at, each.prompt.runs) for each in bursty_chat(1, 4.0).stages[0]]
    asked = [(each.request.at, each.request.prompt.runs) for each in trace.outcomes]
    assert asked == expected
    assert all(each.last is not None and not each.failed for each in trace.outcomes)
    assert sum(each.cached for each in trace.outcomes) == trace.hits


@pytest.mark.parametrize("name", POLICIES)
def test_a_run_can_be_repeated(name: str) -> None:
    one, two = (simulate(bursty_chat(2, 2.0), POLICIES[name](5)) for _ in range(2))
    assert [each.first for each in one.outcomes] == [each.first for each in two.outcomes]


@pytest.mark.parametrize("name", POLICIES)
def test_what_had_not_begun_to_answer_when_its_server_died_is_answered_by_another(
    name: str,
) -> None:
    trace = simulate(churn(3, 8.0), POLICIES[name](3))
    for outcome in trace.outcomes:
        assert outcome.failed == (outcome.last is None)
        if outcome.failed:
            assert outcome.first is not None
            assert outcome.first <= DIES + STREAMING
        if DIES < outcome.request.at < JOINS:
            assert outcome.endpoint != 3


def test_answers_that_a_dying_server_had_begun_fail_and_it_serves_again_when_it_is_back() -> None:
    trace = simulate(churn(3, 8.0), RoundRobin(3))
    assert any(outcome.failed for outcome in trace.outcomes)
    assert any(each.attempts > 1 for each in simulate(churn(3, 30.0), RoundRobin(3)).outcomes)
    back = [each for each in trace.outcomes if each.request.at > JOINS and each.endpoint == 3]
    assert back
    assert back[0].cached == 0


def test_with_no_endpoint_at_all_a_request_fails() -> None:
    workload = Workload([Server()], [[at(1.0, asking(0, (1, 160)))]], changes=(Change(0.5, 0),))
    trace = simulate(workload, LeastRequest(0))
    assert trace.outcomes[0].failed
    assert trace.outcomes[0].ttft == float("inf")


def test_a_session_goes_on_after_its_answer() -> None:
    first = asking(0, (1, 1600))
    first.following = lambda now: at(now + 3.0, asking(1, (1, 1600), (2, 160)))
    trace = simulate(Workload([Server()], [[first]]), RoundRobin(0))
    one, two = trace.outcomes
    assert one.last is not None
    assert two.request.at == pytest.approx(one.last + 3.0, abs=0.01)
    assert two.cached >= 1600 - 16
