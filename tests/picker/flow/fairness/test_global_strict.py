"""Without fairness, the band is one queue."""

from gateway.model.demand import Demand
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.fairness.global_strict import FAIRNESS
from gateway.picker.flow.fairness_policy import FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.ordering import find_ordering


def flow(
    name: str, *arrivals: int, ordering: str = "fcfs", target: float | None = None
) -> FlowQueue:
    queue = FlowQueue(name, find_ordering()[ordering], AttainedService(60.0), 0.0)
    for number in arrivals:
        demand = Demand("m", ttft_slo=target)
        queue.add(Entry(number, FlowKey(name, 0), demand, 0, float(number), number + 60.0))
    return queue


def test_requests_go_in_one_order_whatever_their_flow() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    for queue in (flow("a", 1, 2, 6), flow("b", 3, 5), flow("c", 4)):
        policy.put(queue, 0.0)
    order: list[int] = []
    while (chosen := policy.pick(0.0)) is not None:
        order.append(chosen.head().number)
        chosen.remove(chosen.head())
        policy.dispatched(chosen, 0.0)
        if len(chosen):
            policy.put(chosen, 0.0)
        else:
            policy.discard(chosen)
    assert order == [1, 2, 3, 4, 5, 6]


def test_flows_are_compared_by_the_ordering_of_the_band() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    policy.put(flow("first", 1, ordering="slo-deadline", target=9.0), 0.0)
    policy.put(urgent := flow("urgent", 2, ordering="slo-deadline", target=0.5), 0.0)
    assert policy.pick(0.0) is urgent


def test_a_flow_left_out_is_not_chosen() -> None:
    policy = FAIRNESS.make(FairnessWeights())
    policy.put(only := flow("a", 1), 0.0)
    policy.discard(only)
    assert policy.pick(0.0) is None
