"""The newest picks of a worker, so that somebody can ask why a request went where it went.

What is kept has numbers, addresses and names of models: no prompt, no header.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonObject
from gateway.model.placement import Dropped, Placement, Served
from gateway.pipeline.placer import Entry, Placer
from gateway.server.placewire import SCORED

PICK: Final = "pick"
"""The type of the supervisor's question."""

KEPT: Final = 1_000
MODEL_LENGTH: Final = 256
"""Characters of a model's name that are kept."""


@dataclass(slots=True)
class Kept:
    """One pick: of a request for `model` with `priority`. `served` is None until it has ended."""

    model: str
    priority: int
    placement: Placement
    served: Served | None = None


class Picks:
    """The newest picks by audit id, `limit` at most."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, audit_id: str, kept: Kept) -> None:
        """Add one; the oldest goes."""
        self._kept[audit_id] = kept
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def view(self, audit_id: str) -> JsonObject:
        """What is known of the pick, {} of one that is not kept."""
        kept = self._kept.get(audit_id)
        return {} if kept is None else {"audit_id": audit_id, **_view(kept)}


class KeepingPlacer:
    """The placer of one request: what `placer` finds for it is kept under its audit id."""

    __slots__ = ("_about", "_audit_id", "_kept", "_picks", "_placer")

    def __init__(self, placer: Placer, picks: Picks, audit_id: str) -> None:
        self._placer = placer
        self._picks = picks
        self._audit_id = audit_id
        self._about = ("", 0)
        self._kept: Kept | None = None

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """See `pipeline.placer.Placer`."""
        self._about = demand.model[:MODEL_LENGTH], demand.priority
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

    def first_token(self, placement: Placement) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.first_token(placement)

    def finish(self, placement: Placement, served: Served) -> None:
        """See `pipeline.placer.Placer`."""
        self._placer.finish(placement, served)
        if self._kept is not None:
            self._kept.served = served

    def _keep(self, found: Placement | Dropped | Entry) -> None:
        if isinstance(found, Placement):
            self._kept = Kept(*self._about, _trimmed(found))
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
