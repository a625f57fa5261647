"""Virtual time: every request ends, the same ones for every policy."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from benchmarks.routing.policies import POLICIES
from benchmarks.routing.policies.gatehouse import Gatehouse
from benchmarks.routing.policies.unaware import LeastRequest, RoundRobin
from benchmarks.routing.policies.variants import AlwaysDisaggregated
from benchmarks.routing.workloads.chat import bursty_chat
from benchmarks.routing.workloads.shared_prefix import DIES, JOINS, churn
from gateway.picker.flow.rules import FlowRules
from gateway.simulation.hardware import ADMISSION, STREAMING, Server, StepTime
from gateway.simulation.policy import Seen
from gateway.simulation.request import Request
from gateway.simulation.simulation import simulate
from gateway.simulation.workload import Change, Workload
from tests.simulation.fleet import asking


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


def test_a_client_that_waits_for_too_long_gives_up_and_its_server_goes_on_with_others() -> None:
    late = at(8.0, asking(2, (3, 1600)))
    asked = [asking(0, (1, 1600), output=2000), asking(1, (2, 1600)), late]
    trace = simulate(Workload([Server()], [asked], timeout=5.0), RoundRobin(0))
    one, two, three = trace.outcomes
    assert one.failed
    assert one.timed_out
    assert one.first is not None
    assert not two.failed
    assert not three.failed
    assert 5.0 < sum(trace.busy) < 5.6


def test_a_client_that_gives_up_in_the_queue_is_never_placed() -> None:
    work = Workload([Server()], [[asking(0, (1, 1600), output=900), asking(1, (2, 1600))]])
    work.timeout = 5.0
    trace = simulate(work, Gatehouse(0, rules=FlowRules(max_in_flight=1)))
    assert trace.outcomes[0].failed == trace.outcomes[1].failed is True
    assert [each.attempts for each in trace.outcomes] == [1, 0]


def test_what_waits_is_placed_when_there_is_room() -> None:
    requests = [at(0.1 * number, asking(number, (number + 1, 1600))) for number in range(5)]
    trace = simulate(
        Workload([Server()], [requests]), Gatehouse(0, rules=FlowRules(max_in_flight=1))
    )
    assert not any(each.failed for each in trace.outcomes)
    for before, after in pairwise(trace.outcomes):
        assert before.last is not None
        assert after.first is not None
        assert after.first > before.last - 0.01


def test_a_patient_client_whose_request_was_aborted_for_another_is_answered_after_it() -> None:
    filler, urgent = asking(0, (1, 1600), output=2000), at(3.0, asking(1, (2, 1600), output=200))
    filler.priority, filler.patient = -1, True
    rules = FlowRules(max_in_flight=1, eviction=True)
    one, two = simulate(
        Workload([Server()], [[filler, urgent]]), Gatehouse(0, rules=rules)
    ).outcomes
    assert one.last is not None
    assert two.last is not None
    assert two.ttft < 1.0
    assert one.last > two.last + 10


def test_a_prompt_that_is_computed_elsewhere_is_moved_before_it_is_answered() -> None:
    prefilling, answering = Server(role="prefill"), Server(role="decode")
    work = Workload([answering, prefilling], [[asking(0, (1, 1600), output=50)]])
    trace = simulate(work, AlwaysDisaggregated(0))
    outcome, model = trace.outcomes[0], StepTime(Server())
    expected = (
        ADMISSION
        + model.step(1600, 1600 * 800, 1, 0, 0)
        + prefilling.transfer(1600)
        + model.step(1, 1600, 1, 0, 0)
        + STREAMING
    )
    assert outcome.ttft == pytest.approx(expected, rel=1e-3)
    assert (outcome.endpoint, outcome.cached, trace.relayed) == (0, 0, 1)
    assert all(trace.busy)


def test_only_what_the_answering_server_has_not_is_moved_and_one_after_the_other() -> None:
    link = 1e9
    servers = [Server(role="decode"), Server(role="prefill", link=link)]
    again = at(30.0, asking(1, (1, 16_000), (9, 160)))
    trace = simulate(Workload(servers, [[asking(0, (1, 16_000)), again]]), AlwaysDisaggregated(0))
    assert trace.outcomes[0].ttft > servers[1].transfer(16_000) > 4
    assert trace.outcomes[1].ttft < 1
    pair = [asking(0, (1, 16_000)), asking(1, (2, 16_000))]
    one, two = simulate(Workload(servers, [pair]), AlwaysDisaggregated(0)).outcomes
    assert one.first is not None
    assert two.first is not None
    assert abs(one.first - two.first) >= servers[1].transfer(16_000) * 0.99


def test_a_request_whose_prefill_server_dies_is_placed_again() -> None:
    servers = [Server(role="decode"), Server(role="prefill"), Server(role="prefill")]
    requests = [asking(number, (number + 1, 32_000)) for number in range(4)]
    changes = (Change(0.5, 1),)
    trace = simulate(Workload(servers, [requests], changes=changes), AlwaysDisaggregated(0))
    assert not any(each.failed for each in trace.outcomes)
    assert any(each.attempts > 1 for each in trace.outcomes)


def test_routers_without_the_tokeniser_take_a_prompt_for_shorter_than_it_is() -> None:
    told: list[int] = []

    class Told(RoundRobin):
        def place(self, request: Request, seen: Sequence[Seen], now: float) -> int:
            told.append(request.prompt.tokens)
            return super().place(request, seen, now)

    work = Workload([Server()], [[asking(0, (1, 1600))]], bytes_per_token=3.0)
    outcome = simulate(work, Told(0)).outcomes[0]
    assert told == [1200]
    assert outcome.request.prompt.tokens == 1600
    exact = Told(0)
    exact.estimates = False
    simulate(Workload([Server()], [[asking(0, (1, 1600))]], bytes_per_token=3.0), exact)
    assert told == [1200, 1600]
