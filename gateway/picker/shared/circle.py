"""The gateways that share their pools, as one of them sees it. Pure: no I/O, no clock.

Messages may be lost, come twice or in another order. One that is not newer than the last of its
sender is ignored; what was in it, or in one that never came, is made good by the next list of what
is open, of which each sender tells a part every second. A sender that says nothing for three
seconds is gone, and with it all that it had placed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.picker.shared.news import (
    MAX_CHAIN,
    MAX_ENDPOINTS,
    MAX_EVENTS,
    MAX_OPEN,
    MAX_POOLS,
    PARTS,
    VERSION,
    BadNewsError,
    Began,
    Ended,
    Event,
    News,
    Open,
    Placed,
    PoolNews,
    Running,
    bounded,
    decode,
    encode,
    packed,
)
from gateway.picker.shared.outbox import Outbox, Sent
from gateway.picker.shared.peer import Peer
from gateway.picker.shared.pool import SharedPool

BEAT_SECONDS: Final = 1.0
ALIVE_SECONDS: Final = 3.0
MAX_PEERS: Final = 64
MAX_FORMER: Final = 1024
"""Gateways that are gone of which it is known how much they have said: whoever can write where they
said it could say that again."""


class Circle:
    """One gateway among others. `gateway` is its own id: 16 random bytes, new with each start.

    `refused` counts messages that were none, or came from one gateway too many; `withheld` blocks
    of chains that were not told because there were too many at once.
    """

    def __init__(self, gateway: bytes) -> None:
        self._gateway = gateway
        self._number = 0
        self._beat: float | None = None
        self._pools: dict[str, SharedPool] = {}
        self._told: dict[str, int] = {}
        self._peers: dict[bytes, Peer] = {}
        self._former: dict[bytes, int] = {}
        self.refused = 0
        self.withheld = 0
        self._lost = 0

    @property
    def peers(self) -> int:
        """Other gateways that are alive."""
        return len(self._peers)

    @property
    def guests(self) -> int:
        """Requests of theirs that run at our endpoints."""
        return sum(pool.guests for pool in self._pools.values())

    @property
    def lost(self) -> int:
        """Events that were dropped untold."""
        return self._lost + sum(
            pool.outbox.lost for pool in self._pools.values() if pool.outbox is not None
        )

    def share(self, pools: Mapping[str, SharedPool]) -> None:
        """These are the pools, by name, at most 64 of which are told; one that is new, or made
        anew, begins without what others have placed until they say so again."""
        for name, pool in self._pools.items():
            if pools.get(name) is not pool:
                self._leave(name, pool)
        for name, pool in pools.items():
            if self._pools.get(name) is not pool:
                pool.tell(Outbox())
                self._told[name] = 0
        self._pools = dict(pools)

    def leave(self, now: float) -> None:
        """Share nothing any more, and forget what others said."""
        for peer in self._peers.values():
            peer.depart(self._pools, now)
        self._peers.clear()
        self.share({})

    def _leave(self, name: str, pool: SharedPool) -> None:
        self._lost += pool.outbox.lost if pool.outbox is not None else 0
        pool.tell(None)
        self._told.pop(name, None)
        for peer in self._peers.values():
            peer.guests.pop(name, None)

    # --- what we say --------------------------------------------------------------------------

    def news(self, now: float) -> bytes | None:
        """What there is to tell, if anything."""
        beat = self._beat is None or now - self._beat >= BEAT_SECONDS
        waiting = [name for name, pool in self._pools.items() if pool.outbox]
        if not beat and not waiting:
            return None
        if beat:
            self._beat = now
        room = _Room()
        told = [
            self._tell(name, self._pools[name], room, beat=beat)
            for name in list(self._pools if beat else waiting)[:MAX_POOLS]
        ]
        self.withheld += room.withheld
        self._number += 1
        return encode(News(VERSION, self._gateway, self._number, beat, told))

    def _tell(self, name: str, pool: SharedPool, room: "_Room", *, beat: bool) -> PoolNews:
        places = _Places()
        events = pool.outbox.take(room.events) if pool.outbox is not None else []
        room.events -= len(events)
        told = [room.fitted(event, places) for event in events]
        open_ = self._open(name, pool, room, places) if beat else None
        return PoolNews(
            name, places.addresses, [event for event in told if event is not None], open_
        )

    def _open(self, name: str, pool: SharedPool, room: "_Room", places: "_Places") -> Open | None:
        """The next part of what is open, from where the last one ended."""
        if room.open <= 0:
            return None
        before, newest = self._told[name], pool.own.newest
        charges = pool.own.after(before, room.open)
        running: list[Running] = []
        for ticket, charge in charges:
            place = places.of(charge.address)
            if place is None:
                break
            tokens = bounded(charge.prefill_tokens), bounded(charge.context_tokens)
            seen = pool.saw(ticket)
            running.append(Running(ticket, place, *tokens, charge.prefilling, seen))
        whole = len(running) == len(charges) < room.open
        if not whole and not running:
            return None
        room.open -= len(running)
        last = newest if whole else running[-1].ticket
        self._told[name] = 0 if whole else last
        return Open(before, last, running)

    # --- what others say ----------------------------------------------------------------------

    def take(self, data: bytes, now: float) -> bool:
        """A message, said at `now`, as far as that is known. Whether it was one of another gateway
        and newer than its last."""
        try:
            news = decode(data)
        except BadNewsError:
            self.refused += 1
            return False
        if news.gateway == self._gateway:
            return False
        peer = self._peers.get(news.gateway)
        if peer is None:
            if news.number <= self._former.get(news.gateway, -1):
                return False
            if len(self._peers) >= MAX_PEERS:
                self.refused += 1
                return False
            peer = self._peers[news.gateway] = Peer(now)
        return peer.hear(news, self._pools, now)

    def expire(self, now: float) -> bool:
        """Let gateways go that have not been heard for too long; whether there were any."""
        gone = [key for key, peer in self._peers.items() if now - peer.heard > ALIVE_SECONDS]
        for key in gone:
            peer = self._peers.pop(key)
            peer.depart(self._pools, now)
            self._former.pop(key, None)
            self._former[key] = peer.number
        while len(self._former) > MAX_FORMER:
            del self._former[next(iter(self._former))]
        return bool(gone)


class _Places:
    """The list of a message's addresses, as it grows."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._places: dict[str, int] = {}

    def of(self, address: str) -> int | None:
        """Its place; None once there are too many."""
        place = self._places.get(address)
        if place is None and len(self.addresses) < MAX_ENDPOINTS:
            place = self._places[address] = len(self.addresses)
            self.addresses.append(address)
        return place


@dataclass(slots=True)
class _Room:
    """What still fits into a message."""

    events: int = MAX_EVENTS
    open: int = MAX_OPEN
    chain: int = MAX_CHAIN
    withheld: int = 0

    def fitted(self, event: Sent | Began | Ended, places: _Places) -> Event | None:
        """The event as it is told: with as much of its chain as there is room for, which is what
        its prompt begins with. None if there is no place for its endpoint."""
        if not isinstance(event, Sent):
            return event
        place = places.of(event.address)
        if place is None:
            return None
        told = event.chain[: self.chain // 8]
        self.chain -= 8 * len(told)
        self.withheld += len(event.chain) - len(told)
        tokens = bounded(event.prefill), bounded(event.context)
        return Placed(event.ticket, place, *tokens, bounded(event.reserve * PARTS), packed(told))
