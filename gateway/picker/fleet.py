"""The healthy endpoints of a pool in flat rows, kept up as their states change. Pure.

Picking looks at every endpoint for every request. Rows of plain numbers, computed anew only for
those whose state has changed, take a tenth of the time that following attributes takes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import EndpointState
from gateway.picker.index import PrefixIndex
from gateway.picker.ledger import Account
from gateway.picker.saturation import ANSWERING, QUEUE_DEPTH, fullness
from gateway.picker.shelf import Shelf

STALE: Final = 10.0
"""Seconds after which a scrape says nothing any more."""

_BUSIEST: Final = 0.95
"""Utilisation above which a price does not rise any more: it would be without bound at 1."""

_OVERFULL: Final = 0.7
"""Utilisation that is priced where more is held than fits. Who comes there gets memory once others
have let go of it: it waits, which has its own price, and crowds nobody who runs. At the highest
price a request would rather be computed anew elsewhere, and evict there. Found by simulation."""


class Queue(NamedTuple):
    """What waits for its first token on an endpoint: `tokens` of ours, `head` of them those of the
    first request, which is being computed since `since`; and `foreign` requests of others."""

    tokens: int
    head: int
    since: float
    foreign: int


class Busy(NamedTuple):
    """What is under way on an endpoint.

    `context_tokens` are those of all `requests`, `answering_tokens` those that are answered from.
    `held` blocks cannot be evicted, which makes each block as dear as `scarcity`: u / (1 - u) of
    the cache's size for a share u that is in use, and less again where more is held than fits.
    `queue` is None if nothing waits.
    """

    context_tokens: int
    answering_tokens: int
    requests: int
    held: float
    scarcity: float
    queue: Queue | None


class Row(NamedTuple):
    """One endpoint: seconds of network, blocks that fit beside what is held, blocks too many (below
    0: room left), what is under way, None if nothing is, and seconds that it is late (`late` of
    `EndpointState`)."""

    network: float
    room: float
    excess: float
    busy: Busy | None
    late: float = 0.0


def row_of(state: EndpointState, shelf: Shelf | None) -> Row:
    """The row of an endpoint in this state; without a shelf nothing is known of its memory."""
    flight, load = state.in_flight, state.load
    size, held, excess = float("inf"), 0.0, float("-inf")
    if shelf is not None and shelf.size > 0:
        size, held, excess = shelf.size, shelf.pinned + shelf.reserved, shelf.excess
    foreign = max(load.waiting - flight.prefilling, 0) if load and load.waiting else 0
    network = state.endpoint.round_trip
    if not (flight.requests or flight.context_tokens or flight.prefill_tokens or foreign or held):
        return Row(network, size, excess, None, state.late)
    queue = None
    if flight.prefill_tokens or foreign:
        head, since = 0, 0.0
        if flight.prefill_tokens and isinstance(flight, Account):
            head, since = flight.head(), flight.since
        queue = Queue(flight.prefill_tokens, head, since, foreign)
    full = min(held / size, _BUSIEST) if held < size else _OVERFULL
    busy = Busy(
        flight.context_tokens,
        flight.context_tokens - flight.prefill_tokens,
        flight.requests,
        held,
        full / (1 - full) / size,
        queue,
    )
    return Row(network, size - held, excess, busy, state.late)


class Fleet:
    """Rows of healthy endpoints, in the order in which they were given. `places` says where each
    address is in them; `life` changes when the places do. `late` are the places of those that are
    in trouble, as of `current`. `adapters` counts how many endpoints said
    that they have each adapter."""

    def __init__(self, index: PrefixIndex, stale: float = STALE) -> None:
        """Scrapes are believed for `stale` seconds."""
        self.states: tuple[EndpointState, ...] = ()
        self.addresses: tuple[str, ...] = ()
        self.places: dict[str, int] = {}
        self.rows: list[Row] = []
        self.late: set[int] = set()
        self.adapters: Counter[str] = Counter()
        self.plain = True
        self.life = 0
        self._index = index
        self._full: list[float] = []
        self._loaded: list[tuple[str, ...]] = []
        self._touched: set[str] = set()
        self._full_at: tuple[int | None, int] = (None, QUEUE_DEPTH)
        self._answering = 0
        self._stale = stale
        self._fresh_until = inf
        self._all: tuple[EndpointState, ...] = ()
        self._newer = False

    def begin(self, states: Sequence[EndpointState]) -> None:
        """These are all endpoints from now on; unhealthy ones get no row."""
        self._all = tuple(states)
        self.states = tuple(state for state in states if state.endpoint.healthy)
        self.addresses = tuple(state.endpoint.address for state in self.states)
        self.places = {address: place for place, address in enumerate(self.addresses)}
        self.plain = all(state.endpoint.role == "both" for state in self.states)
        self._answering = sum(state.endpoint.role in ANSWERING for state in self.states)
        self.life += 1
        self.adapters = Counter()
        self.late = set()
        self.rows = [Row(0.0, 0.0, 0.0, None)] * len(self.states)
        self._full = [0.0] * len(self.states)
        self._loaded = [()] * len(self.states)
        self._touched = set(self.places)

    def touch(self, address: str) -> None:
        """The state of this endpoint has changed. Changes of the index need not be told."""
        self._touched.add(address)

    def scraped(self, address: str, load: EngineLoad) -> None:
        """This endpoint has a new load."""
        self._fresh_until = min(self._fresh_until, load.at + self._stale)
        self._newer = True
        self._touched.add(address)

    def expire(self, now: float) -> None:
        """Forget loads that are too old."""
        if now <= self._fresh_until:
            return
        self._fresh_until = inf
        for state in self._all:
            if state.load is None:
                continue
            if now - state.load.at > self._stale:
                state.load = None
                self._newer = True
                self._touched.add(state.address)
            else:
                self._fresh_until = min(self._fresh_until, state.load.at + self._stale)

    def everyone(self) -> tuple[EndpointState, ...]:
        """All endpoints, healthy or not: the same object as before if no load and no endpoint is
        another."""
        if self._newer:
            self._all, self._newer = (*self._all,), False
        return self._all

    def current(self) -> list[Row]:
        """The rows as of now."""
        touched = self._touched
        if self._index.changed:
            touched |= self._index.changed
            self._index.changed.clear()
        if touched:
            for address in touched:
                place = self.places.get(address)
                if place is not None:
                    self._renew(place, address)
            touched.clear()
        return self.rows

    def saturation(self, capacity: int | None, queue_depth: int = QUEUE_DEPTH) -> float:
        """As `gateway.picker.saturation.saturation`, of these endpoints."""
        if (capacity, queue_depth) != self._full_at:
            self._full_at = capacity, queue_depth
            self._touched.update(self.places)
        self.current()
        return sum(self._full) / self._answering if self._answering else 1.0

    def _renew(self, place: int, address: str) -> None:
        state = self.states[place]
        self.rows[place] = row_of(state, self._index.shelf(address))
        if state.late:
            self.late.add(place)
        else:
            self.late.discard(place)
        if state.endpoint.role in ANSWERING:
            capacity, depth = self._full_at
            self._full[place] = fullness(state, queue_depth=depth, capacity=capacity)
        loaded = adapters_of(state)
        if loaded != self._loaded[place]:
            self.adapters.subtract(self._loaded[place])
            self.adapters.update(loaded)
            self.adapters = +self.adapters
            self._loaded[place] = loaded


@dataclass(slots=True)
class Seen:
    """A fleet as one request sees it. Of the prompt's `tokens`, so many are `cached` at these
    places. `among` are the only places that may be picked (ascending; None: all)."""

    fleet: Fleet
    tokens: int
    cached: Mapping[int, int]
    among: Sequence[int] | None = None


def adapters_of(state: EndpointState) -> tuple[str, ...]:
    """The adapters that an endpoint with a bound on them says it has or waits for."""
    load = state.load
    if load is None or load.max_adapters is None:
        return ()
    return tuple(load.running_adapters | load.waiting_adapters)
