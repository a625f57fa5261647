"""Round robin: one request of each flow in turn."""

from gateway.model.demand import Demand
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.fairness.round_robin import FAIRNESS
from gateway.picker.flow.fairness_policy import Fairness, FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.ordering import find_ordering


def flow(name: str, requests: int) -> FlowQueue:
    queue = FlowQueue(name, find_ordering()["fcfs"], AttainedService(60.0), 0.0)
    for number in range(requests):
        queue.add(Entry(number, FlowKey(name, 0), Demand("m"), 0, 0.0, 60.0))
    return queue


def turns(policy: Fairness, most: int) -> str:
    order = ""
    for _ in range(most):
        chosen = policy.pick(0.0)
        if chosen is None:
            break
        order += chosen.name
        chosen.remove(chosen.head())
        policy.dispatched(chosen, 0.0)
        if len(chosen):
            policy.put(chosen, 0.0)
        else:
            policy.discard(chosen)
    return order


def test_each_flow_has_its_turn_however_many_wait_in_it() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    for queue in (flow("a", 4), flow("b", 1), flow("c", 2)):
        policy.put(queue, 0.0)
    assert turns(policy, 99) == "abcacaa"


def test_more_requests_move_no_flow_forward_nor_back() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    first, second = flow("a", 3), flow("b", 3)
    policy.put(first, 0.0)
    policy.put(second, 0.0)
    assert turns(policy, 1) == "a"
    policy.put(second, 0.0)
    policy.put(first, 0.0)
    assert turns(policy, 3) == "bab"


def test_a_flow_left_out_joins_at_the_end() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    first, second = flow("a", 2), flow("b", 2)
    policy.put(first, 0.0)
    policy.put(second, 0.0)
    policy.discard(first)
    policy.put(first, 0.0)
    assert turns(policy, 9) == "baba"
