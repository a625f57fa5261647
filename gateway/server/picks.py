"""The newest picks of a worker, so that somebody can ask why a request went where it went.

What is kept has numbers, addresses and names of models: no prompt, no header.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Protocol, Self

from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonObject
from gateway.model.placement import Dropped, Placement, Served
from gateway.picker.endpoint import EndpointState
from gateway.pipeline.placer import Entry, Placer
from gateway.server.arrival import Arrival, arrival_of
from gateway.server.placewire import SCORED

PICK: Final = "pick"
"""The type of the supervisor's question."""

ROSTER_SECONDS: Final = 1.0
KEPT: Final = 1_000
MODEL_LENGTH: Final = 256
"""Characters of a model's name that are kept."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The members of a pool at a time: how many are healthy, and what their caches keep."""

    at: float
    healthy: int
    cache_tokens: Mapping[str, int]

    @classmethod
    def of(cls, states: Sequence[EndpointState], at: float) -> Self:
        """Of these."""
        caches = {
            one.address: one.load.cache_tokens
            for one in states
            if one.load is not None and one.load.cache_tokens
        }
        return cls(at, sum(one.endpoint.healthy for one in states), caches)


def _nobody(pool: str) -> Sequence[EndpointState]:
    del pool
    return ()


@dataclass(slots=True)
class Kept:
    """One pick: of a request for `model` with `priority`. `served` is None until it has ended,
    `seconds` after it came. `cache_tokens` is what the cache of its endpoint keeps, if known."""

    model: str
    priority: int
    placement: Placement
    arrival: Arrival
    cache_tokens: int | None = None
    served: Served | None = None
    seconds: float | None = None


class Recorder(Protocol):
    """Is told of requests that have ended."""

    def ended(self, kept: Kept) -> None:
        """One more."""
        ...


class Picks:
    """The newest picks by audit id, `limit` at most. `clock` gives seconds and `began` is when it
    was 0, in seconds since 1970; `endpoints` tells of the members of a pool, and `recorder`, if
    there is one, is told what has ended."""

    def __init__(
        self,
        limit: int = KEPT,
        *,
        clock: Callable[[], float] = time.monotonic,
        began: float | None = None,
        endpoints: Callable[[str], Sequence[EndpointState]] = _nobody,
        recorder: Recorder | None = None,
    ) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._clock = clock
        self._began = time.time() - clock() if began is None else began
        self._rosters: dict[str, Roster] = {}
        self._endpoints = endpoints
        self._recorder = recorder

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, audit_id: str, kept: Kept) -> None:
        """Add one; the oldest goes."""
        self._kept[audit_id] = kept
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def now(self) -> float:
        """Seconds since 1970, never going back."""
        return self._began + self._clock()

    def roster(self, pool: str) -> "Roster":
        """Who is in a pool, as of a second ago at most: it is asked for with every pick."""
        now = self._clock()
        found = self._rosters.get(pool)
        if found is None or now - found.at >= ROSTER_SECONDS:
            found = self._rosters[pool] = Roster.of(self._endpoints(pool), now)
        return found

    def ended(self, kept: Kept, served: Served) -> None:
        """The answer to a pick that is, or was, kept has ended."""
        kept.served, kept.seconds = served, self.now() - kept.arrival.at
        if self._recorder is not None:
            self._recorder.ended(kept)

    def newest(self) -> Iterator[Kept]:
        """All that has ended, the newest first."""
        return (kept for kept in reversed(self._kept.values()) if kept.served is not None)

    def view(self, audit_id: str) -> JsonObject:
        """What is known of the pick, {} of one that is not kept."""
        kept = self._kept.get(audit_id)
        return {} if kept is None else {"audit_id": audit_id, **_view(kept)}


class KeepingPlacer:
    """The placer of one request: what `placer` finds for it is kept under its audit id."""

    __slots__ = ("_asked", "_audit_id", "_kept", "_picks", "_placer")

    def __init__(self, placer: Placer, picks: Picks, audit_id: str) -> None:
        self._placer = placer
        self._picks = picks
        self._audit_id = audit_id
        self._asked: tuple[str, int, Arrival] | None = None
        self._kept: Kept | None = None

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """See `pipeline.placer.Placer`."""
        arrival = arrival_of(demand, self._picks.now(), self._picks.roster(pool).healthy)
        self._asked = demand.model[:MODEL_LENGTH], demand.priority, arrival
        found = await self._placer.place(pool, demand, size)
        self._keep(found)
        return found

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """See `pipeline.placer.Placer`."""
        found = await self._placer.wait(entry)
        self._keep(found)
        return found

    def leave(self, entry: Entry) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.leave(entry)

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.when_evicted(placement, tell)

    def moved(self, placement: Placement, endpoint: str) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.moved(placement, endpoint)

    def first_token(self, placement: Placement) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.first_token(placement)

    def finish(self, placement: Placement, served: Served) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.finish(placement, served)
        if self._kept is not None:
            self._picks.ended(self._kept, served)

    def _keep(self, found: Placement | Dropped | Entry) -> None:
        if isinstance(found, Placement) and self._asked is not None:
            model, priority, arrival = self._asked
            cache = self._picks.roster(found.pool).cache_tokens.get(found.endpoint)
            self._kept = Kept(model, priority, _trimmed(found), arrival, cache)
            self._picks.keep(self._audit_id, self._kept)


def _trimmed(placement: Placement) -> Placement:
    """With the best of the candidates alone: a thousand endpoints would take a thousand rows."""
    if len(placement.scores) <= SCORED:
        return placement
    return replace(placement, scores=dict(islice(placement.scores.items(), SCORED)))


def _view(kept: Kept) -> JsonObject:
    placement, served = kept.placement, kept.served
    return {
        "model": kept.model,
        "priority": kept.priority,
        "pool": placement.pool,
        "profile": placement.profile,
        "endpoint": placement.endpoint,
        "fallbacks": [*placement.fallbacks],
        "prefiller": placement.prefiller,
        "expected_ms": None if placement.expected is None else round(placement.expected, 2),
        "cached_tokens": placement.cached_tokens,
        "prompt_tokens": placement.prompt_tokens,
        "waited": round(placement.waited, 6),
        "degraded": placement.degraded,
        "scores": [
            {"endpoint": address, "parts": {name: round(value, 4) for name, value in parts.items()}}
            for address, parts in placement.scores.items()
        ],
        "served": None if served is None else _served(served),
    }


def _served(served: Served) -> JsonObject:
    first = served.first_token
    return {
        "endpoint": served.endpoint,
        "status": served.status,
        "first_token_ms": None if first is None else round(first * 1000, 1),
        "prompt_tokens": served.prompt_tokens,
        "cached_tokens": served.cached_tokens,
        "output_tokens": served.output_tokens,
    }
