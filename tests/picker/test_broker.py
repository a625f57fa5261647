"""The broker over the real pool picker, and over servers that batch, in virtual time."""

import heapq
import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.broker import Broker, Outcome, Waiting
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import Endpoint
from gateway.picker.flow.attained_service import jain_index
from gateway.picker.flow.rules import BandRules, FlowRules
from gateway.picker.pool import PoolPicker
from gateway.picker.profile import Candidate, Ranked, Ranking

ONE, TWO = "10.0.0.1:8000", "10.0.0.2:8000"
FULL = 5


def rules_of(rules: dict[str, Any]) -> FlowRules:
    """Rules by which a server is full at FULL waiting requests, if they do not say otherwise."""
    settings: dict[str, Any] = {"max_waiting": FULL, **rules}
    return FlowRules(**settings)


class Bench:
    """A broker over a real pool whose servers say what the test says."""

    def __init__(self, *addresses: str, **rules: Any) -> None:
        self.pool = PoolPicker(CostProfile())
        self.join(*addresses)
        self.broker = Broker(self.pool, rules_of(rules))

    def join(self, *addresses: str, now: float = 0.0) -> None:
        self.pool.set_endpoints([Endpoint(address) for address in addresses], now)

    def scrape(self, now: float, waiting: int, address: str = ONE, running: int = 8) -> None:
        load = EngineLoad(now, waiting=waiting, running=running, kv_usage=0.1)
        self.pool.scraped(address, load, now)

    def offer(
        self, now: float = 0.0, size: int = 1, **demand: Any
    ) -> Placement | Dropped | Waiting:
        settings: dict[str, Any] = {"prompt_bytes": 400, **demand}
        return self.broker.offer(Demand("m", **settings), size, now)

    def wait(self, now: float = 0.0, size: int = 1, **demand: Any) -> int:
        answer = self.offer(now, size, **demand)
        assert isinstance(answer, Waiting)
        return answer.entry

    def place(self, now: float = 0.0, **demand: Any) -> Placement:
        answer = self.offer(now, **demand)
        assert isinstance(answer, Placement)
        return answer

    def placed(self, now: float) -> list[int]:
        outcomes = self.broker.step(now)
        return [each.entry for each in outcomes if isinstance(each.verdict, Placement)]

    def dropped(self, now: float) -> dict[int, Drop]:
        outcomes = self.broker.step(now)
        return {
            each.entry: each.verdict.drop for each in outcomes if isinstance(each.verdict, Dropped)
        }


def full(*addresses: str, **rules: Any) -> Bench:
    bench = Bench(*(addresses or (ONE,)), **rules)
    for address in addresses or (ONE,):
        bench.scrape(0.0, FULL, address)
    return bench


def test_with_room_a_request_is_placed_at_once() -> None:
    placement = Bench(ONE).place()
    assert placement.endpoint == ONE
    assert placement.waited == 0.0


def test_of_a_full_pool_it_waits_and_goes_when_there_is_room() -> None:
    bench = full()
    entry = bench.wait(1.0)
    assert bench.placed(1.5) == []
    bench.scrape(3.0, waiting=0)
    (outcome,) = bench.broker.step(3.0)
    assert outcome.entry == entry
    assert isinstance(outcome.verdict, Placement)
    assert outcome.verdict.waited == 2.0
    assert bench.broker.step(3.0) == []


def test_no_server_is_sent_more_than_its_bound_between_scrapes() -> None:
    bench = Bench(ONE, TWO)
    bench.scrape(0.0, 0, ONE, running=0)
    bench.scrape(0.0, 0, TWO, running=0)
    placed = Counter(
        answer.endpoint for _ in range(50) if isinstance(answer := bench.offer(0.1), Placement)
    )
    assert placed == {ONE: 5, TWO: 5}
    assert bench.broker.queued(0.1).waiting == 40


def test_a_first_token_or_an_end_lets_the_next_one_go() -> None:
    bench = Bench(ONE)
    bench.scrape(0.0, 0, running=0)
    tickets = [bench.place(0.1).ticket for _ in range(5)]
    first, second = bench.wait(0.2), bench.wait(0.2)
    bench.broker.first_token(tickets[0], 0.3)
    assert bench.broker.next_wakeup(0.3) == 0.3
    assert bench.placed(0.3) == [first]
    bench.broker.finish(tickets[1], Served(), 0.4)
    assert bench.placed(0.4) == [second]


def half_full(blocks: int = 40) -> Bench:
    """ONE is full of five requests with prompts of so many blocks, TWO is idle."""
    bench = Bench(ONE, TWO)
    bench.scrape(0.0, 0, ONE, running=0)
    bench.scrape(0.0, 0, TWO, running=0)
    for group in range(FULL):
        bench.place(0.0, subset=(ONE,), **long(group, blocks))
    return bench


def long(group: int, blocks: int) -> dict[str, Any]:
    """Of a demand: a prompt of so many blocks, which shares none with other groups."""
    chain = tuple(group * 1000 + block for block in range(1, blocks + 1))
    return {"chain": chain, "prompt_bytes": blocks * 1024}


def warm() -> tuple[Bench, dict[str, Any]]:
    """ONE is full of short requests and has a long prompt in its cache, which TWO has not."""
    bench, prompt = Bench(ONE, TWO), long(9, 400)
    known = bench.place(0.0, subset=(ONE,), **prompt)
    bench.broker.first_token(known.ticket, 1.0)
    bench.broker.finish(known.ticket, Served(status=200), 2.0)
    bench.scrape(3.0, 0, ONE, running=0)
    bench.scrape(3.0, 0, TWO, running=0)
    for _ in range(FULL):
        bench.place(3.0, subset=(ONE,))
    return bench, prompt


def test_a_full_server_is_left_out_while_others_answer_sooner() -> None:
    bench = half_full()
    assert {bench.place(0.1).endpoint for _ in range(5)} == {TWO}


def test_a_request_waits_for_the_full_server_that_has_its_prompt() -> None:
    bench, prompt = warm()
    entry = bench.wait(3.0, **prompt)
    assert bench.place(3.0).endpoint == TWO, "nobody else is held up"
    assert bench.placed(3.1) == []
    bench.scrape(3.3, 0, ONE)
    (outcome,) = bench.broker.step(3.3)
    assert (outcome.entry, endpoint_of(outcome)) == (entry, ONE)


def test_it_waits_no_longer_than_the_wait_can_save() -> None:
    bench, prompt = warm()
    entry = bench.wait(3.0, **prompt)
    found = next(
        (now / 20, outcome) for now in range(60, 600) for outcome in bench.broker.step(now / 20)
    )
    assert (found[1].entry, endpoint_of(found[1])) == (entry, TWO)
    alone = Bench(TWO).place(**prompt).expected
    assert alone is not None
    assert found[0] - 3.0 == pytest.approx(alone / 1000, rel=0.3)


def test_those_who_wait_before_it_count_when_it_chooses() -> None:
    bench, prompt = warm()
    entries = list[int]()
    while isinstance(answer := bench.offer(3.0, **{**prompt, **long_tail(prompt)}), Waiting):
        entries.append(answer.entry)
        assert len(entries) < 1000
    assert entries
    assert isinstance(answer, Placement)
    assert answer.endpoint == TWO


def long_tail(prompt: dict[str, Any]) -> dict[str, Any]:
    """Of a demand: `prompt`, which goes on with 40 blocks that nobody has."""
    return {
        "chain": (*prompt["chain"], *range(10**6, 10**6 + 40)),
        "prompt_bytes": prompt["prompt_bytes"] + 40 * 1024,
    }


def endpoint_of(outcome: Outcome) -> str:
    assert isinstance(outcome.verdict, Placement)
    return outcome.verdict.endpoint


def test_a_request_waits_for_the_server_that_is_to_prefill_it() -> None:
    bench = Bench(ONE)
    prefill, answer = Endpoint(TWO, role="prefill"), Endpoint(ONE, role="decode")
    bench.pool.set_endpoints([answer, prefill], 0.0)
    bench.scrape(0.0, 0, ONE, running=0)
    bench.scrape(0.0, FULL, TWO)
    for _ in range(40):  # most prompts are short, and so is the queue of the one that prefills
        bench.broker.finish(bench.place(0.05).ticket, Served(), 0.05)
    bench.place(0.1, **long(1, 400))
    entry = bench.wait(0.1, **long(2, 400))
    assert bench.place(0.1).prefiller is None, "what is short is prefilled where it is answered"
    assert bench.placed(0.2) == []
    bench.scrape(0.4, 0, TWO)
    (outcome,) = bench.broker.step(0.4)
    assert (outcome.entry, endpoint_of(outcome)) == (entry, ONE)
    assert isinstance(outcome.verdict, Placement)
    assert outcome.verdict.prefiller == TWO


def test_servers_that_only_prefill_answer_where_no_others_do() -> None:
    bench = Bench(max_waiting=2)
    bench.pool.set_endpoints([Endpoint(ONE, role="prefill")], 0.0)
    bench.scrape(0.0, 0, ONE, running=0)
    tickets = [bench.place(0.1).ticket for _ in range(2)]
    entry = bench.wait(0.1)
    bench.broker.first_token(tickets[0], 0.2)
    assert bench.placed(0.2) == [entry]


def test_a_higher_priority_that_waits_for_a_server_goes_before_others_there() -> None:
    bench, prompt = warm()
    low = bench.wait(3.0, subset=(ONE,))
    high = bench.wait(3.0, priority=1, **prompt)
    bench.scrape(3.3, FULL - 1, ONE)
    late = bench.wait(3.3, subset=(ONE,))
    assert bench.placed(3.3) == [high]
    bench.scrape(3.7, 0, ONE)
    assert bench.placed(3.7) == [low, late]


def test_who_needs_a_full_server_waits_and_holds_up_nobody_else() -> None:
    bench = half_full()
    entry = bench.wait(0.1, subset=(ONE,))
    assert bench.place(0.1).endpoint == TWO
    assert bench.place(0.1, priority=-1).endpoint == TWO
    assert bench.placed(0.2) == []
    bench.scrape(0.3, 0, ONE)
    assert bench.placed(0.3) == [entry]


def test_a_request_never_overtakes_one_of_higher_priority() -> None:
    bench = full()
    low = bench.wait(1.0, priority=0)
    high = bench.wait(1.1, priority=5)
    bench.scrape(1.2, 0)
    last = bench.wait(1.2, priority=4)
    assert bench.placed(1.3) == [high, last, low]


def test_one_of_higher_priority_need_not_wait_for_lower_ones() -> None:
    bench = full()
    bench.wait(1.0, priority=0)
    bench.scrape(1.2, 0)
    bench.place(1.2, priority=1)


def test_dispatch_stops_at_the_first_band_at_its_ceiling() -> None:
    bench = Bench(ONE, ceiling="priority-holdback", min_ceiling=0.4, bands={9: BandRules()})
    bench.scrape(0.0, 2)  # 0.4 of the bound of the pool
    low = bench.wait(0.1, priority=-1)
    bench.place(0.1, priority=9)
    assert bench.placed(0.2) == []
    bench.scrape(0.3, 0)
    assert bench.placed(0.3) == [low]


def test_saturation_alone_holds_requests_back_where_queues_have_no_bound() -> None:
    bench = full(max_waiting=None)
    entry = bench.wait(1.0)
    assert bench.placed(1.0) == []
    bench.scrape(2.0, FULL - 1)
    assert bench.placed(2.0) == [entry]


class Only:
    """A profile that wants one endpoint, whatever there is."""

    name = "only"

    def rank(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> Ranking:
        del demand, now
        return Ranking(tuple(Ranked(each) for each in candidates if each.address == ONE))

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        pass


def test_a_request_waits_for_a_full_server_if_the_profile_wants_no_other() -> None:
    bench = full(ONE, TWO)
    bench.pool.profile = Only()
    bench.scrape(0.5, 0, TWO)
    entry = bench.wait(1.0)
    assert bench.broker.step(1.0) == []
    bench.scrape(2.0, 0, ONE)
    assert bench.placed(2.0) == [entry]


def test_however_many_wait_for_a_full_server_they_hold_up_no_other() -> None:
    bench = half_full()
    for number in range(100):
        bench.wait(0.1, flow=str(number), subset=(ONE,))
    assert bench.place(0.2, flow="other").endpoint == TWO


def test_a_request_whose_end_was_lost_is_forgotten() -> None:
    bench = Bench(ONE, eviction=True)
    bench.place(0.1, priority=-1)
    recent = bench.place(100.0, priority=-1).ticket
    bench.scrape(3650.0, FULL)
    for _ in range(2):
        bench.wait(3650.0)
    bench.broker.step(3650.0)
    assert bench.broker.aborts() == [recent]


def test_of_a_clock_that_goes_back_the_latest_time_holds() -> None:
    bench = full(ttl=10.0)
    bench.wait(5.0)
    bench.wait(1.0)
    bench.scrape(14.0, FULL)
    outcomes = bench.broker.step(15.0)
    assert [each.verdict.waited for each in outcomes] == [10.0, 10.0]


def test_flows_of_a_band_take_turns() -> None:
    bench = full(band=BandRules(fairness="round-robin"))
    greedy = [bench.wait(1.0, flow="greedy") for _ in range(6)]
    modest = [bench.wait(1.1, flow="modest") for _ in range(2)]
    bench.scrape(2.0, 0)
    assert bench.placed(2.0) == [greedy[0], modest[0], greedy[1], modest[1], greedy[2]]


def test_service_counts_what_was_read_and_twice_what_was_written() -> None:
    bench = Bench(ONE)
    placement = bench.place(flow="a")
    assert flows(bench)["a"].attained == placement.prompt_tokens
    bench.broker.finish(placement.ticket, Served(prompt_tokens=120, output_tokens=40), 0.0)
    assert flows(bench)["a"].attained == 200


def test_what_runs_is_charged_as_answers_were_of_late_until_its_own_is_known() -> None:
    bench = Bench(ONE)
    for _ in range(200):
        ticket = bench.place(flow="a").ticket
        bench.broker.finish(ticket, Served(prompt_tokens=100, output_tokens=500), 0.0)
    placement = bench.place(flow="b")
    assert flows(bench)["b"].attained == pytest.approx(placement.prompt_tokens + 1000, rel=0.01)
    bench.broker.finish(placement.ticket, Served(prompt_tokens=100, output_tokens=1), 0.0)
    assert flows(bench)["b"].attained == pytest.approx(102)


def flows(bench: Bench, now: float = 0.0) -> dict[str, Any]:
    return {flow.flow: flow for band in bench.broker.queued(now).bands for flow in band.flows}


def test_a_request_waits_no_longer_than_its_time_to_live() -> None:
    bench = full(ttl=10.0)
    first, second = bench.wait(1.0), bench.wait(4.0, priority=8)
    bench.scrape(10.0, FULL)
    assert bench.dropped(10.9) == {}
    assert bench.dropped(11.0) == {first: Drop.EXPIRED}
    assert bench.dropped(14.0) == {second: Drop.EXPIRED}
    assert bench.broker.queued(14.0).waiting == 0


def test_a_drop_says_how_long_it_waited_and_when_to_ask_again() -> None:
    bench = full(ttl=10.0)
    bench.wait(1.0)
    bench.wait(2.0)
    outcome = bench.broker.step(11.5)[0]
    assert isinstance(outcome.verdict, Dropped)
    assert outcome.verdict.waited == 10.5
    assert 1.0 <= outcome.verdict.retry_after <= 60.0


def test_the_longer_the_queue_for_its_speed_the_later_to_ask_again() -> None:
    def retry_after(waiting: int) -> float:
        bench = Bench(ONE, band=BandRules(max_requests=waiting))
        bench.scrape(0.0, 0, running=0)
        for number in range(5):
            bench.place(number / 10)
        for _ in range(waiting):
            bench.wait(0.5)
        answer = bench.offer(0.5)
        assert isinstance(answer, Dropped)
        assert answer.drop is Drop.SATURATED
        return answer.retry_after

    assert retry_after(1) < retry_after(10) < retry_after(15) <= retry_after(500) == 60.0


def test_an_empty_pool_refuses_at_once() -> None:
    bench = Bench()
    answer = bench.offer()
    assert isinstance(answer, Dropped)
    assert answer.drop is Drop.NO_ENDPOINTS


def test_those_who_wait_are_told_when_the_last_endpoint_leaves() -> None:
    bench = full()
    entry = bench.wait(1.0)
    bench.join()
    assert bench.dropped(1.1) == {entry: Drop.NO_ENDPOINTS}


def test_with_a_time_to_live_for_it_requests_wait_for_an_endpoint() -> None:
    bench = Bench(ttl=10.0, no_endpoint_ttl=100.0)
    first, second = bench.wait(0.0), bench.wait(50.0)
    assert bench.dropped(99.0) == {}
    assert bench.dropped(100.0) == {first: Drop.NO_ENDPOINTS}
    bench.join(ONE)
    assert bench.placed(120.0) == [second]


def test_nobody_waits_for_an_endpoint_who_may_have_none() -> None:
    answer = Bench(no_endpoint_ttl=100.0).offer(subset=())
    assert isinstance(answer, Dropped)
    assert answer.drop is Drop.NO_ENDPOINTS


def test_who_waited_for_an_endpoint_has_its_time_to_live_after_one_came() -> None:
    bench = Bench(ttl=10.0, no_endpoint_ttl=100.0)
    entry = bench.wait(0.0)
    bench.join(ONE)
    bench.scrape(50.0, FULL)
    assert bench.dropped(50.0) == {}
    bench.scrape(55.0, FULL)
    assert bench.dropped(59.9) == {}
    assert bench.dropped(60.0) == {entry: Drop.EXPIRED}


def test_endpoints_that_come_and_go_keep_nobody_waiting_for_ever() -> None:
    bench = Bench(ttl=10.0, no_endpoint_ttl=12.0)
    entry = bench.wait(0.0)
    bench.join(ONE)
    bench.scrape(5.0, FULL)
    assert bench.dropped(11.9) == {}
    assert bench.dropped(12.0) == {entry: Drop.EXPIRED}


@pytest.mark.parametrize("ttl", [0.0, 100.0])
@pytest.mark.parametrize("subset", [(), ("10.9.9.9:1",)])
def test_a_subset_of_which_nothing_is_up_is_refused_however_full_the_pool_is(
    ttl: float, subset: tuple[str, ...]
) -> None:
    answer = full(no_endpoint_ttl=ttl).offer(1.0, subset=subset)
    assert isinstance(answer, Dropped)
    assert answer.drop is Drop.NO_ENDPOINTS


def test_a_client_that_is_gone_leaves_the_queue_at_once() -> None:
    bench = full()
    entry = bench.wait(1.0, size=70)
    assert bench.broker.queued(1.0).bytes == 70
    assert bench.broker.cancel(entry, 1.1)
    assert not bench.broker.cancel(entry, 1.1)
    assert bench.broker.queued(1.1).bytes == 0
    bench.scrape(1.2, 0)
    assert bench.broker.step(1.2) == []
    assert flows(bench, 1.2)["default-flow"].dropped == {Drop.GONE: 1}


def test_under_pressure_the_sheddable_make_way() -> None:
    bench = full(max_requests=2)
    old, new = bench.wait(1.0, priority=-1), bench.wait(1.1, priority=-1)
    bench.wait(1.2, priority=0)
    assert bench.broker.next_wakeup(1.2) == 1.2
    assert bench.dropped(1.2) == {new: Drop.QUEUE_PRESSURE}
    assert bench.broker.queued(1.2).waiting == 2
    assert bench.broker.cancel(old, 1.3)


def test_one_shed_under_pressure_whose_client_is_gone_is_answered_no_more() -> None:
    bench = full(max_requests=1)
    entry = bench.wait(1.0, priority=-1)
    bench.wait(1.1)
    assert bench.broker.cancel(entry, 1.1)
    assert bench.dropped(1.2) == {}


def test_running_sheddable_requests_are_named_to_abort_for_a_waiting_one() -> None:
    bench = Bench(ONE, eviction=True)
    bench.scrape(0.0, 0, running=0)
    tickets = [bench.place(0.1, priority=priority).ticket for priority in (-1, -2, 0, -2, 3)]
    bench.wait(0.2, priority=0)
    bench.broker.step(0.2)
    assert bench.broker.aborts() == [tickets[3]]
    bench.broker.step(0.3)
    assert bench.broker.aborts() == []
    bench.broker.finish(tickets[3], Served(), 0.4)
    assert len(bench.placed(0.4)) == 1


def test_nothing_that_runs_is_aborted_unless_the_rules_say_so() -> None:
    bench = Bench(ONE)
    bench.scrape(0.0, 0, running=0)
    for _ in range(5):
        bench.place(0.1, priority=-1)
    bench.wait(0.2)
    bench.broker.step(0.2)
    assert bench.broker.aborts() == []


def test_without_flow_control_only_the_sheddable_are_dropped_of_a_full_pool() -> None:
    bench = full(enabled=False)
    bench.place(1.0)
    answer = bench.offer(1.0, priority=-1)
    assert isinstance(answer, Dropped)
    assert answer.drop is Drop.SATURATED
    bench.scrape(2.0, 0)
    bench.place(2.0, priority=-1)
    assert bench.broker.next_wakeup(2.0) is None


def test_a_step_dispatches_a_batch_and_asks_for_the_next() -> None:
    bench = full(batch=3, max_waiting=100)
    bench.scrape(0.5, 100)
    entries = [bench.wait(1.0) for _ in range(4)]
    bench.scrape(2.0, 0)
    assert bench.placed(2.0) == entries[:3]
    assert bench.broker.next_wakeup(2.0) == 2.0
    assert bench.placed(2.0) == entries[3:]
    assert bench.broker.next_wakeup(2.0) is None


def test_it_wakes_up_for_the_next_look_or_the_next_expiry() -> None:
    bench = full(ttl=10.0, recheck=0.5)
    assert bench.broker.next_wakeup(0.9) is None
    bench.wait(1.0)
    bench.broker.step(1.0)
    assert bench.broker.next_wakeup(1.0) == 1.5
    assert bench.broker.next_wakeup(10.8) == 11.0
    assert bench.broker.next_wakeup(12.0) == 12.0


def test_a_server_whose_metrics_hang_does_not_halt_the_pool() -> None:
    bench = full(ttl=3600.0)
    entry = bench.wait(1.0)
    assert bench.placed(5.0) == []
    assert bench.placed(100.0) == [entry]


def test_other_rules_hold_from_now_on_for_those_who_wait_too() -> None:
    bench = full(ttl=60.0)
    first, second = bench.wait(1.0), bench.wait(5.0, flow="b")
    bench.broker.set_rules(FlowRules(ttl=4.0, max_waiting=FULL), 5.5)
    assert bench.broker.next_wakeup(5.5) == 5.5
    assert bench.dropped(5.5) == {first: Drop.EXPIRED}
    bench.scrape(6.0, 0)
    assert bench.placed(6.0) == [second]


def test_other_bounds_of_servers_hold_at_once() -> None:
    bench = Bench(ONE)
    bench.scrape(0.0, 0, running=0)
    bench.broker.set_rules(FlowRules(max_waiting=2), 0.1)
    bench.place(0.1)
    bench.place(0.1)
    bench.wait(0.1)


def test_flow_control_switched_off_lets_those_go_who_wait() -> None:
    bench = full()
    entry = bench.wait(1.0)
    bench.broker.set_rules(FlowRules(enabled=False), 1.5)
    bench.place(1.6)
    bench.scrape(2.0, 0)
    assert bench.placed(2.0) == [entry]


@pytest.mark.parametrize("bound", [{"max_waiting": 1}, {"max_waiting": None, "max_in_flight": 1}])
def test_what_another_endpoint_answers_makes_room_where_it_was(bound: dict[str, Any]) -> None:
    bench = Bench(ONE, TWO, **bound)
    for address in (ONE, TWO):
        bench.scrape(0.0, 0, address, running=0)
    first, second = bench.place(0.1), bench.place(0.1)
    third = bench.wait(0.2)
    assert bench.placed(0.2) == []
    bench.broker.moved(first.ticket, second.endpoint, 0.3)
    assert bench.broker.next_wakeup(0.3) == 0.3
    [(entry, verdict)] = [(each.entry, each.verdict) for each in bench.broker.step(0.3)]
    assert isinstance(verdict, Placement)
    assert (entry, verdict.endpoint) == (third, first.endpoint)
    bench.wait(0.4)
    for ticket in (first.ticket, second.ticket):
        bench.broker.finish(ticket, Served(second.endpoint, 200), 0.5)
    [found] = bench.broker.step(0.5)
    assert isinstance(found.verdict, Placement)
    assert found.verdict.endpoint == second.endpoint


def test_what_moves_to_nobody_that_is_known_stays_where_it_counts() -> None:
    bench = Bench(ONE, max_in_flight=1)
    first = bench.place(0.1)
    bench.broker.moved(first.ticket, "elsewhere", 0.2)
    bench.broker.moved(first.ticket + 1, ONE, 0.2)
    bench.wait(0.3)
    assert bench.placed(0.3) == []
    bench.broker.finish(first.ticket, Served("elsewhere", 200), 0.4)
    assert len(bench.placed(0.4)) == 1


def test_the_end_alone_of_what_another_answered_frees_both() -> None:
    bench = Bench(ONE, TWO, max_in_flight=1)
    first, second = bench.place(0.1), bench.place(0.1)
    waiting = [bench.wait(0.2) for _ in range(2)]
    bench.broker.finish(first.ticket, Served(second.endpoint, 200), 0.3)
    assert bench.placed(0.3) == []  # the first endpoint has failed, and is not tried at once
    assert bench.placed(2.0) == waiting[:1]
    bench.broker.finish(second.ticket, Served(second.endpoint, 200), 2.1)
    assert bench.placed(2.1) == waiting[1:]


def test_an_end_that_is_told_twice_counts_once() -> None:
    bench = Bench(ONE)
    placement = bench.place()
    for _ in range(2):
        bench.broker.finish(placement.ticket, Served(prompt_tokens=10, output_tokens=5), 0.0)
    assert flows(bench)["default-flow"].attained == 20


@dataclass
class Engine:
    """A server with `slots`: it reads prompts one after another, then writes answers at once."""

    address: str
    slots: int
    waiting: deque[int] = field(default_factory=deque[int])
    running: set[int] = field(default_factory=set[int])
    most_waiting: int = 0

    def load(self, now: float) -> EngineLoad:
        return EngineLoad(now, waiting=len(self.waiting), running=len(self.running), kv_usage=0.1)


class World:
    """Clients, a broker, a real pool and engines in virtual time. It asserts that each request is
    answered once and overtakes none of higher priority; `told` is whether first tokens are seen,
    `lag` how many seconds requests and metrics may be on their way."""

    def __init__(
        self, slots: list[int], seed: int, *, told: bool = True, lag: float = 0.0, **rules: Any
    ) -> None:
        self.engines = {f"10.0.0.{n}:80": Engine(f"10.0.0.{n}:80", s) for n, s in enumerate(slots)}
        self.pool = PoolPicker(CostProfile())
        self.pool.set_endpoints([Endpoint(address) for address in self.engines], 0.0)
        self.broker = Broker(self.pool, rules_of(rules))
        self.random = random.Random(seed)
        self.told = told
        self.lag = lag
        self.events: list[tuple[float, int, str, Any]] = []
        self.serial = 0
        self.longest = 0
        self.names: dict[int, int] = {}
        self.demands: dict[int, Demand] = {}
        self.answers: dict[int, Placement | Dropped | None] = {}
        self.dispatched: list[tuple[float, int]] = []
        self.at("scrape", 0.0)

    def at(self, kind: str, when: float, what: Any = None) -> None:
        self.serial += 1
        heapq.heappush(self.events, (when, self.serial, kind, what))

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] <= until:
            now, _, kind, what = heapq.heappop(self.events)
            getattr(self, f"on_{kind}")(now, what)
            for outcome in self.broker.step(now):
                self.decide(outcome, now)
            self.broker.aborts()
            self.longest = max(self.longest, self.broker.queued(now).waiting)

    def on_scrape(self, now: float, _: None) -> None:
        for engine in self.engines.values():
            late = self.random.uniform(0, self.lag)
            self.at("load", now + late, (engine.address, engine.load(now)))
        self.at("scrape", now + 0.25)

    def on_load(self, now: float, what: tuple[str, EngineLoad]) -> None:
        self.pool.scraped(*what, now)

    def on_arrive(self, now: float, what: tuple[int, Demand]) -> None:
        name, demand = what
        self.demands[name] = demand
        answer = self.broker.offer(demand, 1, now)
        if isinstance(answer, Waiting):
            self.names[answer.entry] = name
        else:
            self.answer(name, answer, now)

    def on_cancel(self, now: float, name: int) -> None:
        entry = next((entry for entry, each in self.names.items() if each == name), None)
        if entry is not None and self.broker.cancel(entry, now):
            del self.names[entry]
            self.answer(name, None, now)

    def decide(self, outcome: Outcome, now: float) -> None:
        self.answer(self.names.pop(outcome.entry), outcome.verdict, now)

    def answer(self, name: int, verdict: Placement | Dropped | None, now: float) -> None:
        assert name not in self.answers, "answered twice"
        self.answers[name] = verdict
        if isinstance(verdict, Placement):
            queue = self.broker.queued(now)
            priority = self.demands[name].priority
            wanted = {
                lane for band in queue.bands if band.priority > priority for lane in band.lanes
            }
            assert wanted.isdisjoint({verdict.endpoint, ""}), "overtaken"
            self.dispatched.append((now, name))
            engine = self.engines[verdict.endpoint]
            if self.lag:
                late = self.random.uniform(0, self.lag)
                self.at("come", now + late, (engine, verdict.ticket))
            else:
                self.on_come(now, (engine, verdict.ticket))

    def on_come(self, now: float, what: tuple[Engine, int]) -> None:
        engine, ticket = what
        engine.waiting.append(ticket)
        self.admit(engine, now)
        engine.most_waiting = max(engine.most_waiting, len(engine.waiting))

    def admit(self, engine: Engine, now: float) -> None:
        while engine.waiting and len(engine.running) < engine.slots:
            ticket = engine.waiting.popleft()
            engine.running.add(ticket)
            self.at("token", now + self.random.uniform(0.02, 0.1), ticket)
            self.at("end", now + self.random.uniform(0.5, 2.0), (engine, ticket))

    def on_token(self, now: float, ticket: int) -> None:
        if self.told:
            self.broker.first_token(ticket, now)

    def on_end(self, now: float, what: tuple[Engine, int]) -> None:
        engine, ticket = what
        engine.running.remove(ticket)
        self.admit(engine, now)
        self.broker.finish(ticket, Served(output_tokens=50, prompt_tokens=100), now)


ARRIVALS = st.lists(
    st.tuples(
        st.floats(0, 4), st.integers(-2, 2), st.sampled_from("abc"), st.none() | st.floats(0, 5)
    ),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(
    ARRIVALS,
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.sampled_from(["global-strict", "round-robin", "least-attained-service"]),
    st.sampled_from(["fcfs", "edf", "slo-deadline"]),
    st.sampled_from(["static", "priority-holdback", "soft-reflective"]),
    st.booleans(),
)
def test_every_request_is_answered_exactly_once(
    arrivals: list[tuple[float, int, str, float | None]],
    slots: list[int],
    fairness: str,
    ordering: str,
    ceiling: str,
    told: bool,
) -> None:
    world = World(
        slots,
        1,
        told=told,
        ttl=3.0,
        max_requests=20,
        eviction=True,
        ceiling=ceiling,
        min_ceiling=0.3,
        band=BandRules(max_requests=12, fairness=fairness, ordering=ordering),
    )
    for name, (when, priority, flow, patience) in enumerate(arrivals):
        world.at("arrive", when, (name, Demand("m", flow=flow, priority=priority)))
        if patience is not None:
            world.at("cancel", when + patience, name)
    world.run(60.0)
    assert world.answers.keys() == set(range(len(arrivals)))
    assert world.broker.queued(60.0).waiting == 0
    assert world.longest <= 20
    assert all(not engine.running for engine in world.engines.values())
    drops = [each for each in world.answers.values() if isinstance(each, Dropped)]
    assert all(each.waited <= 3.0 + 0.25 for each in drops)
    counted = Counter[Drop]()
    for band in world.broker.queued(60.0).bands:
        counted.update(band.dropped)
    gone = sum(each is None for each in world.answers.values())
    assert counted == Counter(each.drop for each in drops) + Counter({Drop.GONE: gone})


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([0.0, 0.02, 0.1]),
)
def test_no_queue_of_a_server_passes_its_bound_at_twice_its_capacity(
    seed: int, slots: list[int], told: bool, lag: float
) -> None:
    world = World(slots, seed, told=told, lag=lag, max_waiting=3)
    rate = 2 * sum(slots) / 1.25
    when, name = 0.01, 0
    while when < 5.0:
        world.at("arrive", when, (name, Demand("m")))
        when, name = when + world.random.expovariate(rate), name + 1
    world.run(8.0)
    assert max(engine.most_waiting for engine in world.engines.values()) <= 3


def test_a_pool_under_overload_is_kept_busy() -> None:
    world = World([8, 8], 1)
    for name in range(400):
        world.at("arrive", 0.01 + name / 100, (name, Demand("m")))
    world.run(4.0)
    assert [len(engine.running) for engine in world.engines.values()] == [8, 8]


def test_under_overload_the_highest_priority_waits_least() -> None:
    world = World([4, 4], 3)
    for name in range(300):
        world.at("arrive", 0.01 + name / 15, (name, Demand("m", priority=name % 3)))
    world.run(200.0)
    waits = {priority: list[float]() for priority in range(3)}
    for name, answer in world.answers.items():
        if isinstance(answer, Placement):
            waits[world.demands[name].priority].append(answer.waited)
    assert max(waits[2]) < min(sorted(waits[0])[len(waits[0]) // 2 :])
    assert max(waits[2]) < 2.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["round-robin", "least-attained-service"]))
def test_flows_of_equal_demand_are_served_equally_however_much_they_ask(
    seed: int, fairness: str
) -> None:
    world = World([6], seed, band=BandRules(fairness=fairness))
    name = 0
    for flow, copies in (("a", 6), ("b", 2), ("c", 2)):
        for number in range(30):
            for _ in range(copies):
                demand = Demand("m", flow=flow, prompt_bytes=400)
                world.at("arrive", number / 10, (name, demand))
                name += 1
    world.run(13.0)
    shares = Counter(world.demands[each].flow for now, each in world.dispatched if now > 1.0)
    assert jain_index([float(share) for share in shares.values()]) > 0.95
    assert shares.keys() == {"a", "b", "c"}


def test_where_requests_in_flight_are_bounded_they_fill_a_pool_without_metrics() -> None:
    bench = Bench(ONE, TWO, max_in_flight=2)
    assert bench.broker.queued(0.0).saturation == 0
    bench.place(0.1)
    assert bench.broker.queued(0.1).saturation == 0.25
    for _ in range(3):
        bench.place(0.2)
    assert bench.broker.queued(0.2).saturation == 1
    entry = bench.wait(0.3)
    assert bench.placed(0.4) == []
    assert entry
