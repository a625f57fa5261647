"""First come, first served."""

from gateway.picker.flow.entry import Entry
from gateway.picker.flow.ordering_policy import Ordering


def _arrival(entry: Entry) -> float:
    return entry.arrived


ORDERING = Ordering("fcfs", _arrival)
