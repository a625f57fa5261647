"""Earliest deadline first."""

from gateway.model.demand import Demand
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.ordering.edf import ORDERING


def test_the_key_is_the_end_of_the_time_to_wait() -> None:
    entry = Entry(1, FlowKey("a", 0), Demand("m"), 0, 7.0, 9.0)
    assert (ORDERING.name, ORDERING.key(entry)) == ("edf", 9.0)
