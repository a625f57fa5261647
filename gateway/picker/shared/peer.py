"""Another gateway, and what it has placed at our endpoints. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.picker.shared.news import (
    PARTS,
    Began,
    Ended,
    Event,
    News,
    Open,
    Placed,
    PoolNews,
    unpacked,
)
from gateway.picker.shared.pool import Guest, SharedPool

MAX_GUESTS: Final = 50_000
"""Of one peer: as many streams as a gateway serves by default."""

Guests = dict[str, dict[int, Guest]]
"""By pool and ticket."""


@dataclass(slots=True)
class Peer:
    """When it was `heard` last, the `number` of its newest message, and its `guests`. No more than
    `limit` of them are let in."""

    heard: float
    number: int = -1
    guests: Guests = field(default_factory=Guests)
    limit: int = MAX_GUESTS

    def hear(self, news: News, pools: Mapping[str, SharedPool], now: float) -> bool:
        """What it said at `now`; False if that is no newer than what it said before."""
        if news.number <= self.number:
            return False
        self.number = news.number
        self.heard = max(self.heard, now)
        for told in news.pools:
            pool = pools.get(told.name)
            if pool is None:
                continue
            guests = self.guests.setdefault(told.name, {})
            room = self.limit + len(guests) - sum(map(len, self.guests.values()))
            visit = _Visit(pool, guests, told, room, now)
            for event in told.events:
                visit.follow(event)
            if told.open is not None:
                visit.compare(told.open)
        if news.beat:
            for name in self.guests.keys() - {told.name for told in news.pools}:
                _send_home(pools.get(name), self.guests.pop(name), now)
        return True

    def depart(self, pools: Mapping[str, SharedPool], now: float) -> None:
        """It is gone, and all that it had placed."""
        for name, guests in self.guests.items():
            _send_home(pools.get(name), guests, now)
        self.guests.clear()


@dataclass(slots=True)
class _Visit:
    """What is told of one pool, at `now`; `room` is for so many guests there."""

    pool: SharedPool
    guests: dict[int, Guest]
    told: PoolNews
    room: int
    now: float

    def follow(self, event: Event) -> None:
        """What has happened to one request."""
        known = self.guests.get(event.ticket)
        match event:
            case Placed() if known is not None:  # it moved, or a list of what is open came before
                if self._moved(known, event.ticket, event.place):
                    self.pool.let_in(known, unpacked(event.chain), event.reserve / PARTS)
            case Placed():
                guest = self._host(event.ticket, event.place, event.prefill, event.context)
                if guest is not None:
                    self.pool.let_in(guest, unpacked(event.chain), event.reserve / PARTS)
            case Began() if known is not None:
                self.pool.host_began(known, self.now, seen=event.seen)
            case Ended() if known is not None:
                guest = self.guests.pop(event.ticket)
                self.pool.see_off(guest, self.now, event.left / PARTS, read=event.read)
            case _:  # of a request of which nothing is known, or not any more
                pass

    def compare(self, open_: Open) -> None:
        """Make good what was lost: what is not open any more ends, what is and is not known
        begins."""
        listed = {row.ticket for row in open_.running}
        within = [each for each in self.guests if open_.first < each <= open_.last]
        for ticket in within:
            if ticket not in listed:
                self.pool.see_off(self.guests.pop(ticket), self.now)
        for row in open_.running:
            guest = self.guests.get(row.ticket)
            if guest is not None and not self._moved(guest, row.ticket, row.place):
                continue
            if guest is None:
                guest = self._host(row.ticket, row.place, row.prefill, row.context)
            if guest is not None and not row.prefilling:
                self.pool.host_began(guest, self.now, seen=row.seen)

    def _moved(self, guest: Guest, ticket: int, place: int) -> bool:
        """Whether the guest is at that place, where it may not have been before. It is sent home if
        there is no such endpoint here."""
        address = self.told.endpoints[place]
        if guest.address == address or self.pool.rehost(guest, address, self.now):
            return True
        self.pool.see_off(self.guests.pop(ticket), self.now, read=False)
        return False

    def _host(self, ticket: int, place: int, prefill: int, context: int) -> Guest | None:
        if len(self.guests) >= self.room:
            return None
        guest = self.pool.host(self.told.endpoints[place], prefill, context, self.now)
        if guest is not None:
            self.guests[ticket] = guest
        return guest


def _send_home(pool: SharedPool | None, guests: Mapping[int, Guest], now: float) -> None:
    if pool is None:
        return
    for guest in guests.values():
        pool.see_off(guest, now)
