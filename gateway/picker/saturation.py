"""How full a pool is, for those who hold requests back. Pure: no I/O, no clock."""

from collections.abc import Sequence
from typing import Final

from gateway.picker.endpoint import EndpointState

QUEUE_DEPTH: Final = 5
"""A server is full at so many waiting requests, where nothing else is configured: the default of
llm-d's utilization detector."""

ANSWERING: Final = frozenset({"both", "decode"})
"""Roles of endpoints that answer; the others only prefill or encode for these."""

_NOBODY_WAITS: Final = 0.95
"""How full a server is at the most by what is in its KV cache while nobody waits on it."""


def saturation(
    states: Sequence[EndpointState],
    *,
    queue_depth: float = QUEUE_DEPTH,
    capacity: int | None = None,
) -> float:
    """The mean over healthy endpoints that answer of how full each is, 0 to 1. One that says it is
    full many times over counts as full once: it must not hold requests back from the others.

    Requests that were placed since the newest scrape and have no first token count as waiting,
    so that a gate does not overshoot between scrapes (llm-d router #2066). Engines count as used
    KV cache the blocks of running requests. A cache full of these is a large batch, which is what
    servers are for: it makes a server full (1) only if requests wait for it. llm-d takes 0.8 for
    full. An endpoint that says nothing is as full as `capacity` requests in flight would make it,
    without that 0: unknown is not full. A pool without a healthy endpoint is full.
    """
    full = [
        fullness(state, queue_depth=queue_depth, capacity=capacity)
        for state in states
        if state.endpoint.healthy and state.endpoint.role in ANSWERING
    ]
    return sum(full) / len(full) if full else 1.0


def fullness(
    state: EndpointState, *, queue_depth: float = QUEUE_DEPTH, capacity: int | None = None
) -> float:
    """How full one endpoint is, as above."""
    flight, load = state.in_flight, state.load
    ours = flight.requests / capacity if capacity else 0.0
    if load is None:
        return min(ours, 1.0)
    unseen = min(state.since_scrape, flight.prefilling)
    waiting = load.waiting + unseen if load.waiting is not None else 0
    usage = min(load.kv_usage or 0.0, 1.0 if waiting else _NOBODY_WAITS)
    return min(max(waiting / queue_depth, usage, ours), 1.0)
