"""Least attained service: who had little goes first, who waited long is not forgotten."""

import pytest

from gateway.model.demand import Demand
from gateway.picker.flow.attained_service import AttainedService, jain_index
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.fairness.least_attained_service import FAIRNESS
from gateway.picker.flow.fairness_policy import FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.ordering import find_ordering


def flow(name: str, service: float, arrived: float = 0.0, requests: int = 1) -> FlowQueue:
    queue = FlowQueue(name, find_ordering()["fcfs"], AttainedService(60.0), 0.0)
    queue.attained.add(service, 0.0)
    for number in range(requests):
        queue.add(Entry(number, FlowKey(name, 0), Demand("m"), 0, arrived, arrived + 60))
    return queue


def test_the_flow_with_the_least_service_goes_first() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    for queue in (flow("much", 900), flow("little", 100), flow("some", 500)):
        policy.put(queue, 1.0)
    chosen = policy.pick(1.0)
    assert chosen is not None
    assert chosen.name == "little"


@pytest.mark.parametrize(("service", "winner"), [(100.0, "waiting"), (400.0, "fresh")])
def test_a_long_wait_outweighs_a_quarter_of_the_service(service: float, winner: str) -> None:
    policy = FAIRNESS.make(FairnessWeights(0.8, 0.2))
    policy.put(flow("most", 1000, arrived=10.0), 10.0)
    policy.put(flow("fresh", 0, arrived=10.0), 10.0)
    policy.put(flow("waiting", service, arrived=0.0), 10.0)
    chosen = policy.pick(10.0)
    assert chosen is not None
    assert chosen.name == winner


def test_flows_of_unequal_requests_get_equal_service() -> None:
    policy = FAIRNESS.make(FairnessWeights(1.0, 0.0))
    cost = {"small": 10.0, "large": 1000.0, "middle": 100.0}
    served = dict.fromkeys(cost, 0.0)
    for name in cost:
        policy.put(flow(name, 0.0, requests=2000), 0.0)
    for _ in range(1000):
        chosen = policy.pick(0.0)
        assert chosen is not None
        served[chosen.name] += cost[chosen.name]
        chosen.remove(chosen.head())
        policy.dispatched(chosen, 0.0)
        chosen.attained.add(cost[chosen.name], 0.0)
        policy.put(chosen, 0.0)
    assert jain_index(list(served.values())) > 0.99


def test_a_flow_left_out_is_not_chosen_even_after_comparing_anew() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    policy.put(gone := flow("gone", 0), 0.0)
    policy.put(stays := flow("stays", 50), 0.0)
    policy.discard(gone)
    assert policy.pick(0.0) is stays
    assert policy.pick(100.0) is stays
    policy.discard(stays)
    assert policy.pick(200.0) is None
