"""Those who wait for one endpoint: they take turns, and their work adds up."""

import pytest

from gateway.model.demand import Demand
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.fairness import find_fairness
from gateway.picker.flow.fairness_policy import FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.lane import Lane
from gateway.picker.flow.ordering import find_ordering

FCFS = find_ordering()["fcfs"]


class Waiting:
    """A lane, and the flows whose requests wait in it."""

    def __init__(self, fairness: str, flows: str) -> None:
        self.lane = Lane(FCFS, find_fairness()[fairness].make(FairnessWeights()))
        self.flows: dict[str, FlowQueue] = {}
        for number, name in enumerate(flows):
            flow = FlowQueue(name, FCFS, AttainedService(60.0), 0.0)
            flow = self.flows.setdefault(name, flow)
            entry = Entry(number, FlowKey(name, 0), Demand("m", flow=name), 1, 0.0, 60.0)
            flow.add(entry)
            self.lane.add(entry, flow, 2.0, 0.0)

    def drained(self) -> list[int]:
        order: list[int] = []
        while (entry := self.lane.head(0.0)) is not None:
            self.lane.turn(entry.key.flow, 0.0)
            self.lane.remove(entry, 0.0)
            order.append(entry.number)
        return order


def test_flows_take_turns_and_their_work_adds_up() -> None:
    made = Waiting("round-robin", "aaabc")
    assert (len(made.lane), made.lane.work) == (5, 10.0)
    assert made.drained() == [0, 3, 4, 1, 2]
    assert (len(made.lane), made.lane.work) == (0, 0.0)


def test_the_service_that_a_flow_has_had_anywhere_counts() -> None:
    made = Waiting("least-attained-service", "ab")
    made.flows["a"].attained.add(1000.0, 0.0)
    for flow in "ab":
        made.lane.renew(flow, 0.0)
    assert made.drained() == [1, 0]


def test_a_flow_set_aside_is_left_out_until_it_is_restored() -> None:
    made = Waiting("global-strict", "aab")
    made.lane.set_aside("a")
    made.lane.renew("a", 0.0)
    assert made.drained() == [2]
    made.lane.restore(0.0)
    assert made.drained() == [0, 1]


def test_who_does_not_wait_here_cannot_leave() -> None:
    made = Waiting("global-strict", "a")
    with pytest.raises(KeyError):
        made.lane.remove(Entry(9, FlowKey("z", 0), Demand("m"), 1, 0.0, 60.0), 0.0)
