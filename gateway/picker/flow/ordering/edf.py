"""Earliest deadline first, where the deadline is the end of the request's time to wait."""

from gateway.picker.flow.entry import Entry
from gateway.picker.flow.ordering_policy import Ordering


def _deadline(entry: Entry) -> float:
    return entry.expires


ORDERING = Ordering("edf", _deadline)
