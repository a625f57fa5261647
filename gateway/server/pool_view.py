"""What the owner of the brokers knows of pools, for people: numbers and names of configuration.

No prompt is in it, of callers only the names that flows have.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from operator import itemgetter
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.picker.cost import CostProfile
from gateway.picker.endpoint import EndpointState
from gateway.picker.flow.view import BandView, FlowView, QueueView
from gateway.picker.kv.pool import ListeningPool
from gateway.picker.learning import Learner
from gateway.picker.pool import PoolPicker
from gateway.picker.pool_messages import load_json
from gateway.server.counting import CountingPlacer, Tally
from gateway.server.desk import Desk

VIEW: Final = "pool-view"
"""The type of the supervisor's question."""

FLOWS: Final = 10
"""Flows of a band that are told, those with the most waiting first."""


LANES: Final = 10
"""Endpoints of a band that are told for which requests wait, those with the most first."""

ANYWHERE: Final = "any"
"""In the place of an address: whichever endpoint has room first."""


def pool_view(placer: CountingPlacer, now: float) -> JsonObject:
    """All pools of `placer`, whose clock says `now`, in seconds."""
    pools: list[JsonValue] = [
        _pool(name, desk, placer.tallies.get(name) or Tally(), now)
        for name, desk in placer.desks.items()
    ]
    return {"version": 1, "pools": pools}


def _pool(name: str, desk: Desk, tally: Tally, now: float) -> JsonObject:
    pool = desk.pool
    queue = desk.broker.queued(now)
    shadow = pool.shadow
    return {
        "name": name,
        "profile": desk.plan.name,
        "endpoints": [_endpoint(state, pool, tally, now) for state in pool.states()],
        "queue": _queue(queue),
        "picks": dict[str, JsonValue](tally.picks),
        "dropped": {drop.value: count for drop, count in tally.dropped.items()},
        "hit_share": {
            "believed": _share(tally.believed),
            "reported": _share(tally.reported),
        },
        "first_token_ms": {
            "seen": len(tally.first),
            **_percentiles([seen for seen, _ in tally.first]),
        },
        "expected_ms": _percentiles([told for _, told in tally.first if told]),
        "shadow": None
        if shadow is None
        else {"profile": shadow.name, "compared": pool.compared, "agreed": pool.agreed},
    }


def _endpoint(state: EndpointState, pool: ListeningPool, tally: Tally, now: float) -> JsonObject:
    flight, load, endpoint = state.in_flight, state.load, state.endpoint
    return {
        "address": endpoint.address,
        "healthy": endpoint.healthy,
        "role": endpoint.role,
        "in_flight": {
            "requests": flight.requests,
            "prefilling": flight.prefilling,
            "prefill_tokens": flight.prefill_tokens,
            "context_tokens": flight.context_tokens,
            "elsewhere": pool.elsewhere[endpoint.address],
        },
        "load": None
        if load is None
        else {**load_json(load), "age": round(max(now - load.at, 0.0), 1)},
        "rates": _rates(pool, endpoint.address, now),
        "kv_events": _known(pool, endpoint.address),
        "picks": tally.endpoints[endpoint.address],
    }


def _known(pool: ListeningPool, address: str) -> JsonObject | None:
    """What an endpoint's events have come to; None while nobody listens."""
    known = pool.known(address)
    if known is None:
        return None
    return {"blocks": known.blocks, "joined": known.joined, "unjoined": known.unjoined}


def _rates(pool: PoolPicker, address: str, now: float) -> JsonObject:
    """What the profile has learnt of an endpoint; nothing of one that learns nothing."""
    profile = pool.profile
    if not isinstance(profile, Learner):
        return {}
    told: JsonObject = {"prefill_tokens_per_second": round(profile.speed(address, now))}
    if isinstance(profile, CostProfile):
        pace = profile.rates.pace(address, now)
        told["pace"] = round(pace, 3)
        told["step_ms"] = round(profile.rates.step * pace * 1000, 2)
    return told


def _queue(queue: QueueView) -> JsonObject:
    return {
        "waiting": queue.waiting,
        "bytes": queue.bytes,
        "saturation": round(queue.saturation, 3),
        "bands": [band_view(band) for band in queue.bands],
    }


def band_view(band: BandView) -> JsonObject:
    """One priority of a queue."""
    flows = sorted(band.flows, key=lambda flow: flow.waiting, reverse=True)
    return {
        "priority": band.priority,
        "ceiling": round(band.ceiling, 3),
        "waiting": band.waiting,
        "oldest": round(band.oldest, 3),
        "bytes": band.bytes,
        "fairness": round(band.fairness, 3),
        "dispatched": band.dispatched,
        "dropped": {drop.value: count for drop, count in band.dropped.items()},
        "endpoints": _lanes(band),
        "flow_count": len(flows),
        "flows": [_flow(flow) for flow in flows[:FLOWS]],
    }


def _lanes(band: BandView) -> JsonObject:
    """How many wait for which endpoint, for those that most wait for; ANYWHERE: for any."""
    lanes = sorted(band.lanes.items(), key=itemgetter(1), reverse=True)
    return {name or ANYWHERE: count for name, count in lanes[:LANES]}


def _flow(flow: FlowView) -> JsonObject:
    return {
        "flow": flow.flow,
        "waiting": flow.waiting,
        "oldest": round(flow.oldest, 3),
        "bytes": flow.bytes,
        "attained_tokens": round(flow.attained),
        "dispatched": flow.dispatched,
    }


def _share(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Of the tokens of all prompts, those that were cached; None without any."""
    cached = total = 0.0
    for part, whole in pairs:
        cached += part
        total += whole
    return round(cached / total, 4) if total else None


def _percentiles(seconds: Sequence[float]) -> JsonObject:
    ordered = sorted(seconds)
    return {"p50": _rank(ordered, 0.5), "p95": _rank(ordered, 0.95)}


def _rank(ordered: Sequence[float], share: float) -> float | None:
    """The nearest rank, in milliseconds; None of nothing."""
    if not ordered:
        return None
    return round(ordered[max(ceil(share * len(ordered)) - 1, 0)] * 1000, 1)
