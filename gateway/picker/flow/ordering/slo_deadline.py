"""Earliest deadline first, where the deadline is when the first token should have come.

As in llm-d, requests without such a target, or with one that is no positive number, go last.
"""

import math

from gateway.picker.flow.entry import Entry
from gateway.picker.flow.ordering_policy import Ordering


def _deadline(entry: Entry) -> float:
    target = entry.demand.ttft_slo
    if target is None or not target > 0:
        return math.inf
    return entry.arrived + target


ORDERING = Ordering("slo-deadline", _deadline)
