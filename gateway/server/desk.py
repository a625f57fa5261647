"""One pool's broker in an event loop, and those who wait at it."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Self

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.broker import Broker, Waiting
from gateway.picker.kv.pool import ListeningPool
from gateway.picker.plan import PickerPlan


@dataclass(slots=True)
class Desk:
    """Where requests for one pool come; `seats` has the end of each waiting, by the broker's number
    of it. Times are seconds."""

    plan: PickerPlan
    pool: ListeningPool
    broker: Broker
    seats: "dict[int, asyncio.Future[Placement | Dropped]]" = field(
        default_factory=dict[int, "asyncio.Future[Placement | Dropped]"]
    )

    @classmethod
    def opened(cls, name: str, plan: PickerPlan, random: Random) -> Self:
        """A desk that knows no endpoints yet."""
        pool = ListeningPool(plan.profile(random), name=name, shadow=plan.shadow(random))
        pool.listen(plan.kv_events)
        broker = Broker(pool, plan.rules())
        pool.witness = broker.gate
        return cls(plan, pool, broker)

    @property
    def patience(self) -> float:
        """How long somebody waits at the most."""
        flow = self.plan.spec.flow
        return flow.ttl + flow.no_endpoint_ttl

    def change(self, plan: PickerPlan, random: Random, now: float) -> None:
        """Pick by another plan from now on; what is in flight and who waits stay."""
        self.plan = plan
        self.pool.use(plan.profile(random), plan.shadow(random))
        self.pool.listen(plan.kv_events)
        self.broker.set_rules(plan.rules(), now)

    def offer(self, demand: Demand, size: int, now: float) -> Placement | Dropped | int:
        """The answer, or the number of a seat."""
        found = self.broker.offer(demand, size, now)
        if not isinstance(found, Waiting):
            return found
        self.seats[found.entry] = asyncio.get_running_loop().create_future()
        return found.entry

    def step(self, now: float) -> float | None:
        """Tell those whose waiting has ended; when to look again, None for when something happens.
        What was placed for somebody who left is given back."""
        for outcome in self.broker.step(now):
            seat = self.seats.get(outcome.entry)
            if seat is not None and not seat.done():
                seat.set_result(outcome.verdict)
            else:
                self._give_back(outcome.verdict, now)
        return self.broker.next_wakeup(now)

    async def wait(self, number: int) -> Placement | Dropped:
        """The end of waiting."""
        seat = self.seats.get(number)
        if seat is None:
            return Dropped(Drop.NO_ENDPOINTS)
        found = await seat
        self.seats.pop(number, None)
        return found

    def leave(self, number: int, now: float) -> None:
        """Nobody sits there any more."""
        seat = self.seats.pop(number, None)
        if seat is None:
            return
        if not seat.done() or seat.cancelled():
            self.broker.cancel(number, now)
        else:
            self._give_back(seat.result(), now)

    def _give_back(self, verdict: Placement | Dropped, now: float) -> None:
        if isinstance(verdict, Placement):
            self.broker.finish(verdict.ticket, Served(), now)

    def close(self) -> None:
        """There is no such pool any more."""
        for seat in self.seats.values():
            if not seat.done():
                seat.set_result(Dropped(Drop.NO_ENDPOINTS))
