"""The production picker in the simulation."""

from gateway.picker.flow.rules import FlowRules
from gateway.simulation.picking import HASHED, ProductionPicker, demand_of, load_of
from gateway.simulation.policy import Decided, Target
from tests.simulation.fleet import asking, fleet, placed


def test_the_picker_is_told_hashes_and_lengths_of_the_simulated_prompt() -> None:
    demand = demand_of(asking(3, (1, 1024), (2, 100)))
    assert len(demand.chain) == 1124 // HASHED
    assert demand.block_bytes == 4 * HASHED
    assert demand.prompt_bytes == 4 * 1124
    assert demand.output_limit is None


def test_a_prompt_that_was_served_goes_where_it_is_cached() -> None:
    policy, seen = ProductionPicker(0), fleet(4)
    first = placed(policy, asking(0, (1, 25_600)), seen, 0.0)
    policy.first_token(first, 2.0)
    policy.finished(first, 2.5)
    for at in range(1, 6):
        outcome = placed(policy, asking(at, (1, 25_600), (at + 9, 256)), seen, 3.0 * at)
        assert outcome.endpoint == first.endpoint
        policy.finished(outcome, 3.0 * at + 0.5)


def test_what_finds_no_room_waits_until_there_is_some() -> None:
    policy, seen = ProductionPicker(0, rules=FlowRules(max_in_flight=1)), fleet(1)
    first = placed(policy, asking(0, (1, 2560)), seen, 0.0)
    assert policy.offer(asking(1, (2, 2560)), seen, 0.1) is None
    assert policy.step(seen, 0.2) == []
    policy.finished(first, 0.3)
    assert policy.wakeup(0.3) == 0.3
    assert policy.step(seen, 0.3) == [Decided(1, Target(0))]
    assert policy.wakeup(0.4) is None


def test_a_client_that_leaves_the_queue_is_not_placed() -> None:
    policy, seen = ProductionPicker(0, rules=FlowRules(max_in_flight=1)), fleet(1)
    first, second = placed(policy, asking(0, (1, 2560)), seen, 0.0), asking(1, (2, 2560))
    assert policy.offer(second, seen, 0.1) is None
    policy.withdraw(second, 0.2)
    policy.finished(first, 0.3)
    assert policy.step(seen, 0.3) == []


def test_sheddable_requests_that_run_are_named_when_an_urgent_one_finds_no_room() -> None:
    rules = FlowRules(max_in_flight=1, eviction=True)
    policy, seen = ProductionPicker(0, rules=rules), fleet(1)
    filler = asking(7, (2, 2560))
    filler.priority = -1
    placed(policy, filler, seen, 0.0)
    assert policy.offer(asking(8, (3, 2560)), seen, 0.1) is None
    policy.step(seen, 0.2)
    assert list(policy.aborts()) == [7]
    assert not policy.aborts()


def test_a_scrape_carries_the_engines_counters() -> None:
    one = fleet(1)[0]
    one.at, one.waiting, one.running, one.hits, one.queries = 1.5, 3, 4, 160, 320
    load = load_of(one)
    assert (load.at, load.waiting, load.running) == (1.5, 3, 4)
    assert (load.prefix_hits, load.prefix_queries) == (160, 320)
    assert load.cache_tokens == one.tokens


def test_an_endpoint_that_is_gone_gets_nothing_and_one_that_is_back_gets_some() -> None:
    policy, seen = ProductionPicker(0), fleet(2)
    policy.finished(placed(policy, asking(0, (1, 2560)), seen), 0.5)
    policy.left(0, 1.0)
    assert placed(policy, asking(1, (2, 2560)), seen[1:], 1.1).endpoint == 1
    got = {placed(policy, asking(at, (at + 5, 25_600)), seen, 1.2).endpoint for at in range(2, 6)}
    assert got == {0, 1}
