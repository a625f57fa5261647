"""The picker inside of a process: the desks of all pools, driven by an event loop.

Brokers are sans-IO. This gives them the clock, wakes those that wait, and takes what the
supervisor says of endpoints and their loads.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.model.engine import EngineLoad
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.kv.feed import Step
from gateway.picker.kv.tracker import Told
from gateway.picker.plan import PickerPlan
from gateway.pipeline.placer import Entry
from gateway.server.desk import Desk


class LocalPlacer:
    """Implements `pipeline.placer.Placer` in this process. `clock` gives seconds; times of loads
    are on it, and `random` is for profiles that draw. `when_members` is called when pools, or their
    endpoints, may be others."""

    def __init__(self, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random
        self._desks: dict[str, Desk] = {}
        self._evictions: dict[tuple[str, int], Callable[[], None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.when_members: Callable[[], None] = lambda: None

    def configure(self, plans: Mapping[str, PickerPlan]) -> None:
        """Use these pools from now on. One whose plan is as before goes on as it is; of another
        the profile is new, and what is known of its endpoints and in flight stays. Who waits at
        one that is gone is told so."""
        for name in [name for name in self._desks if name not in plans]:
            self._desks.pop(name).close()
        for name, plan in plans.items():
            desk = self._desks.get(name)
            if desk is None:
                self._desks[name] = Desk.opened(name, plan, self._random)
            elif desk.plan != plan:
                desk.change(plan, self._random, self._clock())
                self._step(name)
        self.when_members()

    @property
    def desks(self) -> Mapping[str, Desk]:
        """The pools by name."""
        return self._desks

    def states(self, pool: str) -> Sequence[EndpointState]:
        """The members of `pool` and what is known of them; none of one that there is not."""
        desk = self._desks.get(pool)
        return () if desk is None else desk.pool.states()

    def endpoints(self, pool: str, endpoints: Sequence[Endpoint]) -> None:
        """These are the model servers of `pool` now."""
        if desk := self._desks.get(pool):
            desk.pool.set_endpoints(endpoints, self._clock())
            self._step(pool)
            self.when_members()

    def load(self, pool: str, address: str, load: EngineLoad | None) -> None:
        """A model server was asked how busy it is; None: it did not say."""
        if desk := self._desks.get(pool):
            desk.pool.scraped(address, load, self._clock())
            self._step(pool)

    def heard(self, pool: str, address: str, steps: Sequence[Step]) -> Told:
        """A model server said what it has cached."""
        desk = self._desks.get(pool)
        return Told() if desk is None else desk.pool.heard(address, steps, self._clock())

    def tend(self) -> None:
        """Now and then: forget what nobody ended."""
        for name, desk in self._desks.items():
            desk.pool.expire(self._clock())
            self._step(name)

    def stir(self) -> None:
        """Others have come or gone: whoever waits may have a place now."""
        for name in self._desks:
            self._step(name)

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """See `pipeline.placer.Placer`."""
        desk = self._desks.get(pool)
        if desk is None:
            return Dropped(Drop.NO_ENDPOINTS)
        found = desk.offer(demand, size, self._clock())
        if not isinstance(found, int):
            return found
        self._step(pool)
        return Entry(pool, found, desk.patience)

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """See `pipeline.placer.Placer`."""
        desk = self._desks.get(entry.pool)
        return Dropped(Drop.NO_ENDPOINTS) if desk is None else await desk.wait(entry.number)

    def leave(self, entry: Entry) -> None:
        """See `pipeline.placer.Placer`."""
        if desk := self._desks.get(entry.pool):
            desk.leave(entry.number, self._clock())
            self._step(entry.pool)

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """See `pipeline.placer.Placer`."""
        self._evictions[placement.pool, placement.ticket] = tell

    def moved(self, placement: Placement, endpoint: str) -> None:
        """See `pipeline.placer.Placer`."""
        if desk := self._desks.get(placement.pool):
            desk.broker.moved(placement.ticket, endpoint, self._clock())
            self._step(placement.pool)

    def first_token(self, placement: Placement) -> None:
        """See `pipeline.placer.Placer`."""
        if desk := self._desks.get(placement.pool):
            desk.broker.first_token(placement.ticket, self._clock())
            self._step(placement.pool)

    def finish(self, placement: Placement, served: Served) -> None:
        """See `pipeline.placer.Placer`."""
        self._evictions.pop((placement.pool, placement.ticket), None)
        if desk := self._desks.get(placement.pool):
            desk.broker.finish(placement.ticket, served, self._clock())
            self._step(placement.pool)

    def _step(self, pool: str) -> None:
        """Dispatch what may go, and look again when the broker wants to."""
        if timer := self._timers.pop(pool, None):
            timer.cancel()
        desk = self._desks.get(pool)
        if desk is None or not desk.seats:
            return
        now = self._clock()
        due = desk.step(now)
        for ticket in desk.broker.aborts():
            if tell := self._evictions.pop((pool, ticket), None):
                tell()
        if due is not None:
            loop = asyncio.get_running_loop()
            self._timers[pool] = loop.call_later(max(due - now, 0), self._step, pool)
