"""A placer that counts what it does: for metrics, and for those who look at pools."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.plan import PickerPlan
from gateway.pipeline.placer import Entry
from gateway.server.placing import LocalPlacer
from gateway.telemetry.picking import PickMetrics, first_token, process_pick_metrics

RECENT: Final = 1_000
"""Picks over which shares and percentiles are told."""


def _recent() -> "deque[tuple[float, float]]":
    return deque(maxlen=RECENT)


@dataclass(slots=True)
class Tally:
    """What became of the requests of one pool. `believed` and `reported` have cached and prompt
    tokens of the newest picks and answers, `first` the seconds to the newest first tokens and what
    was predicted of them (0: nothing). `compared` and `agreed` is how much of the pool's own counts
    of its shadow has been told."""

    picks: Counter[str] = field(default_factory=Counter[str])
    endpoints: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[Drop] = field(default_factory=Counter[Drop])
    believed: "deque[tuple[float, float]]" = field(default_factory=_recent)
    reported: "deque[tuple[float, float]]" = field(default_factory=_recent)
    first: "deque[tuple[float, float]]" = field(default_factory=_recent)
    compared: int = 0
    agreed: int = 0

    def placed(self, placement: Placement) -> None:
        """An endpoint was picked."""
        self.picks[placement.profile] += 1
        self.endpoints[placement.endpoint] += 1
        self.believed.append((placement.cached_tokens, placement.prompt_tokens))

    def ended(self, placement: Placement, served: Served) -> None:
        """A placed request has ended."""
        if served.cached_tokens is not None and served.prompt_tokens is not None:
            self.reported.append((served.cached_tokens, served.prompt_tokens))
        seen = first_token(placement, served)
        if seen is not None:
            self.first.append((seen, (placement.expected or 0.0) / 1000))


class CountingPlacer(LocalPlacer):
    """As its base. `alone` is whether it picks only while the picker process is gone."""

    def __init__(
        self,
        clock: Callable[[], float],
        random: Random,
        metrics: PickMetrics | None = None,
    ) -> None:
        super().__init__(clock, random)
        self.alone = False
        self.tallies: dict[str, Tally] = {}
        self._metrics = metrics or process_pick_metrics()
        self._waiting: dict[tuple[str, int], int] = {}
        self._running: dict[tuple[str, int], int] = {}

    def configure(self, plans: Mapping[str, PickerPlan]) -> None:
        """As in the base."""
        super().configure(plans)
        self.tallies = {name: self.tallies.get(name) or Tally() for name in plans}

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """As in the base."""
        found = await super().place(pool, demand, size)
        if isinstance(found, Entry):
            self._waiting[pool, found.number] = demand.priority
        else:
            self._count(pool, found, demand.priority)
        return found

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """As in the base."""
        found = await super().wait(entry)
        priority = self._waiting.pop((entry.pool, entry.number), None)
        if priority is not None:
            self._count(entry.pool, found, priority)
        return found

    def leave(self, entry: Entry) -> None:
        """As in the base."""
        super().leave(entry)
        priority = self._waiting.pop((entry.pool, entry.number), None)
        if priority is not None:
            self._count(entry.pool, Dropped(Drop.GONE), priority)

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """As in the base."""

        def evicted() -> None:
            priority = self._running.get((placement.pool, placement.ticket))
            if priority is not None:
                self._count(placement.pool, Dropped(Drop.EVICTED), priority)
            tell()

        super().when_evicted(placement, evicted)

    def finish(self, placement: Placement, served: Served) -> None:
        """As in the base."""
        super().finish(placement, served)
        self._running.pop((placement.pool, placement.ticket), None)
        if tally := self.tallies.get(placement.pool):
            tally.ended(placement, served)
            self._metrics.ended(placement, served)

    def tend(self) -> None:
        """As in the base."""
        super().tend()
        for name, tally in self.tallies.items():
            self._compare(name, tally)
            here = {state.address for state in self.desks[name].pool.states()}
            for address in [each for each in tally.endpoints if each not in here]:
                del tally.endpoints[address]

    def _compare(self, name: str, tally: Tally) -> None:
        """Count what the pool's shadow has said since the last time."""
        pool = self.desks[name].pool
        compared, agreed = pool.compared - tally.compared, pool.agreed - tally.agreed
        if compared:
            self._metrics.compared(name, agreed, compared - agreed)
        tally.compared, tally.agreed = pool.compared, pool.agreed

    def _count(self, pool: str, found: Placement | Dropped, priority: int) -> None:
        tally = self.tallies.get(pool)
        if tally is None:  # it went with a reload
            return
        if isinstance(found, Placement):
            self._running[pool, found.ticket] = priority
            tally.placed(found)
            self._metrics.placed(found, priority, alone=self.alone)
        else:
            tally.dropped[found.drop] += 1
            self._metrics.dropped(pool, found, priority)
