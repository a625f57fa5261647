"""How full a pool is, for those who hold requests back. Pure: no I/O, no clock."""

from collections.abc import Sequence
from typing import Final

from gateway.picker.endpoint import EndpointState

QUEUE_DEPTH: Final = 5
KV_USAGE: Final = 0.8
"""A server is full at so many waiting requests, or so much of its cache in use by running ones: the
defaults of llm-d's utilization detector."""


def saturation(
    states: Sequence[EndpointState],
    *,
    queue_depth: float = QUEUE_DEPTH,
    kv_usage: float = KV_USAGE,
    capacity: int | None = None,
) -> float:
    """The mean over healthy endpoints of how full each is, 0 to 1. One that says it is full many
    times over counts as full once: it must not hold requests back from the others.

    Requests that were placed since the newest scrape and have no first token count as waiting,
    so that a gate does not overshoot between scrapes (llm-d router #2066). An endpoint that says
    nothing is as full as `capacity` requests in flight would make it, without that 0: unknown is
    not full. A pool without a healthy endpoint is full.
    """
    full = [
        fullness(state, queue_depth=queue_depth, kv_usage=kv_usage, capacity=capacity)
        for state in states
        if state.endpoint.healthy
    ]
    return sum(full) / len(full) if full else 1.0


def fullness(
    state: EndpointState,
    *,
    queue_depth: float = QUEUE_DEPTH,
    kv_usage: float = KV_USAGE,
    capacity: int | None = None,
) -> float:
    """How full one endpoint is, as above."""
    flight, load = state.in_flight, state.load
    ours = flight.requests / capacity if capacity else 0.0
    if load is None:
        return ours
    unseen = min(state.since_scrape, flight.prefilling)
    waiting = ((load.waiting or 0) + unseen) / queue_depth if load.waiting is not None else 0.0
    usage = (load.kv_usage or 0.0) / kv_usage
    return min(max(waiting, usage, ours), 1.0)
