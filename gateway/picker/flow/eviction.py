"""Which running requests are ended for others that wait. Pure: no I/O, no clock."""

from collections import deque
from collections.abc import Callable
from typing import Final

from gateway.model.placement import Dropped, Placement
from gateway.picker.flow.gate import Room
from gateway.picker.flow.lane import ANY
from gateway.picker.flow.running import Running
from gateway.picker.flow.waiting_room import WaitingRoom

_LONGEST: Final = 5.0
"""Seconds after which room that was made and not used is not counted on any more: whoever waited
on the server itself has it."""

_BATCH: Final = 32
"""So many are ended in one step at the most."""


class Evictions:
    """Ends as many sheddable requests as make room for those of higher priority that wait, where
    these wait, and none for whom room was made before that he has not used yet."""

    __slots__ = ("_made", "_running")

    def __init__(self, running: Running) -> None:
        self._running = running
        self._made: dict[str, deque[float]] = {}

    def used(self, verdict: Placement | Dropped, lane: str) -> None:
        """One that waited in `lane` was placed: it took room that was made for it, if some was."""
        if isinstance(verdict, Dropped):
            return
        for each in (verdict.endpoint, lane, ANY):
            if made := self._made.get(each):
                made.popleft()
                return

    def name(self, room: Room, waiting: WaitingRoom, now: float) -> list[int]:
        """Tickets to abort now, the lowest priority first, of it the newest first."""
        self._forget(now)
        tickets: list[int] = []
        while len(tickets) < _BATCH:
            found = self._next(room, waiting.above)
            if found is None:
                break
            lane, ticket = found
            self._running.spare(ticket)
            self._made.setdefault(lane, deque()).append(now)
            tickets.append(ticket)
        return tickets

    def _next(self, room: Room, above: Callable[[int, str], int]) -> tuple[str, int] | None:
        """The lane for which room is to be made, and who makes it."""
        found: list[tuple[tuple[float, ...], str, int]] = []
        for endpoint in self._running.sheddable():
            victim = self._running.victim(endpoint)
            if victim is None or endpoint not in room.full:
                continue
            ticket, key = victim
            for lane in (endpoint, *(() if room.open else (ANY,))):
                if above(self._running.priority(ticket), lane) > len(self._made.get(lane, ())):
                    found.append((key, lane, ticket))
                    break
        if not found:
            return None
        _, lane, ticket = min(found)
        return lane, ticket

    def _forget(self, now: float) -> None:
        for lane, made in tuple(self._made.items()):
            while made and now - made[0] >= _LONGEST:
                made.popleft()
            if not made:
                del self._made[lane]
