"""What the pipeline asks of the picker, wherever that runs. No I/O, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.model.demand import Demand
from gateway.model.placement import Dropped, Placement, Served


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the queue of `pool`; it is given up after `seconds` at the latest."""

    pool: str
    number: int
    seconds: float


class Placer(Protocol):
    """Gives requests to endpoints of pools. Only a `Permit` leads here."""

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """Where a request of `size` bytes goes; an `Entry` when it has to wait."""
        ...

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """The end of waiting. Whoever does not wait to the end must `leave`."""
        ...

    def leave(self, entry: Entry) -> None:
        """Nobody waits any more: out of the queue at once, and a placement is given back."""
        ...

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """Have `tell` called, at most once, when the request has to give way to a more urgent one.
        It is still to be finished."""
        ...

    def moved(self, placement: Placement, endpoint: str) -> None:
        """Another endpoint than the one that was picked answers: it has the request now."""
        ...

    def first_token(self, placement: Placement) -> None:
        """The answer has begun."""
        ...

    def finish(self, placement: Placement, served: Served) -> None:
        """The answer has ended, however: the endpoint has one request less."""
        ...


class NoPools:
    """The placer of a gateway without pools: nothing leads to it."""

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        """Raises LookupError."""
        del demand, size
        raise LookupError(pool)

    async def wait(self, entry: Entry) -> Placement | Dropped:
        """Raises LookupError."""
        raise LookupError(entry.pool)

    def leave(self, entry: Entry) -> None:
        """Raises LookupError."""
        raise LookupError(entry.pool)

    def when_evicted(self, placement: Placement, tell: Callable[[], None]) -> None:
        """Raises LookupError."""
        del tell
        raise LookupError(placement.pool)

    def moved(self, placement: Placement, endpoint: str) -> None:
        """Raises LookupError."""
        del endpoint
        raise LookupError(placement.pool)

    def first_token(self, placement: Placement) -> None:
        """Raises LookupError."""
        raise LookupError(placement.pool)

    def finish(self, placement: Placement, served: Served) -> None:
        """Raises LookupError."""
        del served
        raise LookupError(placement.pool)
