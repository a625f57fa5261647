"""First come, first served."""

from gateway.model.demand import Demand
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.ordering.fcfs import ORDERING


def test_the_key_is_the_arrival_whatever_the_request_wants() -> None:
    entry = Entry(1, FlowKey("a", 0), Demand("m", ttft_slo=0.1), 0, 7.0, 9.0)
    assert (ORDERING.name, ORDERING.key(entry)) == ("fcfs", 7.0)
