"""Tries to place a request on an endpoint with room. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.endpoint import EndpointState
from gateway.picker.flow.choice import Choice, Choose, Full, cheaper
from gateway.picker.flow.gate import Room
from gateway.picker.flow.waiting_room import WaitingRoom


class PoolLike(Protocol):
    """What the broker asks of a pool of endpoints. `now` is in seconds, on one clock for all."""

    def place(self, demand: Demand, now: float, waited: float) -> Placement | Dropped:
        """Pick an endpoint and charge it; `waited` is seconds in the queue."""
        ...

    def place_if(
        self, demand: Demand, now: float, waited: float, choice: Choose
    ) -> Placement | Dropped | Full:
        """As `place`, unless `choice` lets the request wait."""
        ...

    def saturation(self, now: float, capacity: int | None, depth: int) -> float:
        """How full the pool is: 1 and over is full. So many requests fill an endpoint: `depth` that
        wait on it, and `capacity` in flight to it (None: no number does)."""
        ...

    def states(self) -> Sequence[EndpointState]:
        """All endpoints, healthy or not, as of the last call that was told the time; the same
        object as before if no load and no endpoint is another."""
        ...

    def first_token(self, ticket: int, now: float) -> None:
        """The request of `ticket` gave its first token."""
        ...

    def moved(self, ticket: int, address: str, now: float) -> bool:
        """The endpoint at `address` answers the request of `ticket`. Whether it is charged for that
        from now on and was not before."""
        ...

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """The request of `ticket` has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request at the second `now`, after `waited` seconds in the queue: the head of `lane`, None
    if it does not wait there."""

    demand: Demand
    now: float
    waited: float = 0.0
    lane: str | None = None

    def made(self, pool: PoolLike, room: Room, waiting: WaitingRoom) -> Placement | Dropped | Full:
        """Where `pool` places it, by what has `room` and by who is `waiting`, or what it has to
        wait for."""
        crowded = len(waiting) or room.full or room.busy
        if not crowded or is_none_of(self.demand.subset, room):
            return pool.place(self.demand, self.now, self.waited)

        def ahead(address: str) -> tuple[int, float]:
            return waiting.ahead(self.demand.priority + (address == self.lane), address)

        found = pool.place_if(self.demand, self.now, self.waited, Choice(room, self.now, ahead))
        if not isinstance(found, Full) or not found.further:
            return found
        free = self._among([each for each in room.open if not ahead(each)[0]])
        if not free:
            return found
        demand = replace(self.demand, subset=(*free, *room.idle))
        other = pool.place_if(demand, self.now, self.waited, cheaper(found.price))
        # the profile may want an endpoint that has no room now
        return found if isinstance(other, Full) or _is_without_endpoint(other) else other

    def _among(self, addresses: Sequence[str]) -> Sequence[str]:
        """Those of `addresses` that the request may have."""
        if self.demand.subset is None:
            return addresses
        wanted = frozenset(self.demand.subset)
        return [each for each in addresses if each in wanted]


def is_none_of(subset: tuple[str, ...] | None, room: Room) -> bool:
    """Whether `subset` names no endpoint of the pool that is up: waiting would not help."""
    return subset is not None and not any(a in room.open or a in room.full for a in subset)


def _is_without_endpoint(verdict: Placement | Dropped) -> bool:
    return isinstance(verdict, Dropped) and verdict.drop is Drop.NO_ENDPOINTS
