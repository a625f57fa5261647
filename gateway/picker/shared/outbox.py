"""What has happened in one pool and has not been told yet. Pure: no I/O, no clock."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.picker.shared.news import PARTS, Began, Ended, bounded

LIMIT: Final = 8192
"""Events that wait to be told, beyond which the oldest are dropped: the next list heals them."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request was placed; as `Placed`, with an address, whole blocks and hashes."""

    ticket: int
    address: str
    prefill: int
    context: int
    reserve: float
    chain: Sequence[int]


class Outbox:
    """Events in order. `lost` counts those that were dropped untold."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._events: deque[Sent | Began | Ended] = deque()
        self._limit = limit
        self.lost = 0

    def __len__(self) -> int:
        return len(self._events)

    def sent(self, event: Sent) -> None:
        """A request was placed."""
        self._add(event)

    def began(self, ticket: int, *, seen: bool) -> None:
        """It has its first token, as in `Began`."""
        self._add(Began(ticket, seen))

    def ended(self, ticket: int, left: float, *, read: bool) -> None:
        """It is over, and left so many blocks, as in `Ended`. That it does not wait for its first
        token any more need not be told."""
        if self._events and self._events[-1] == Began(ticket, False):
            self._events.pop()
        self._add(Ended(ticket, bounded(left * PARTS), read))

    def take(self, most: int) -> list[Sent | Began | Ended]:
        """The oldest `most` events, which are told now."""
        return [self._events.popleft() for _ in range(min(most, len(self._events)))]

    def _add(self, event: Sent | Began | Ended) -> None:
        if len(self._events) >= self._limit:
            self._events.popleft()
            self.lost += 1
        self._events.append(event)
