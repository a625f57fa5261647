"""Which endpoints have room, so that requests queue in the gateway and not in model servers.

Metrics are older than what was sent since, so the gate counts: an endpoint has now what its newest
scrape told, plus what went to it and less what came back since. Pure: no I/O, no clock.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.endpoint import Endpoint, EndpointState
from gateway.picker.saturation import ANSWERING

_KV_FULL: Final = 0.8
"""Usage of the KV cache at which a server is not believed to run more than it does; the
kvCacheUtilThreshold of llm-d. Engines count the blocks of running requests only."""

_SEEN: Final = 0.9
_MEMORY: Final = 1 / 32
"""The weight of the newest request in the share of those whose first token was seen."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learnt of one endpoint by the scrape at `at` (None: none yet).

    It runs `slots` requests at once for now and has run `proven`. Of those on it, `waiting` waited;
    `foreign` were not ours, of which `foreign_waiting` waited.
    """

    at: float | None = None
    slots: int = 0
    proven: int = 0
    waiting: int = 0
    foreign: int = 0
    foreign_waiting: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """The addresses of the healthy endpoints that answer and may be sent more, and of those that
    may not. `idle` and `busy` are the same of those that only help others. Each has the second
    since when that is so."""

    open: dict[str, float] = field(default_factory=dict[str, float])
    full: dict[str, float] = field(default_factory=dict[str, float])
    idle: dict[str, float] = field(default_factory=dict[str, float])
    busy: dict[str, float] = field(default_factory=dict[str, float])

    def put(self, endpoint: Endpoint, now: float, *, has_room: bool) -> bool:
        """Note whether `endpoint`, if it is healthy, has room. Whether it had none before."""
        address, answers = endpoint.address, endpoint.role in ANSWERING
        open_, full = (self.open, self.full) if answers else (self.idle, self.busy)
        side = open_ if has_room else full
        since, closed = side.get(address, now), address in full
        for each in (self.open, self.full, self.idle, self.busy):
            each.pop(address, None)
        if endpoint.healthy:
            side[address] = since
        return endpoint.healthy and has_room and closed


class EndpointGate:
    """Keeps the queue of every server within `max_waiting` requests, and what is in flight to it
    within `max_in_flight` (None: no bound).

    On a server wait at most those that have given no first token, and at most those that its
    newest scrape told and those sent since. Where first tokens are not seen, a server is also
    sent as many as it was seen to run at once. Nothing is held back from a server that never told
    its queue, since unknown is not full; of one that tells it no more, our own counts hold.

    A request that another server prefills for it counts at both until its first token: at the one
    it waits, and at the other it will. It is not taken for one that is on its way to the latter.
    `opened` counts how often an endpoint came to have room again.

    First tokens are those that were told, not those that the pool takes for given. What changed is
    looked at, not all endpoints: scrapes are told apart by identity.
    """

    __slots__ = ("_known", "_loads", "_max_in_flight", "_max_waiting", "_newest", "_relayed",
                 "_room", "_seen", "_states", "_touched", "_unread", "opened")  # fmt: skip

    def __init__(self, max_waiting: int | None, max_in_flight: int | None) -> None:
        self._max_waiting = max_waiting
        self._max_in_flight = max_in_flight
        self._known: dict[str, _Known] = {}
        self._seen = 1.0
        self._states: dict[str, EndpointState] = {}
        self._loads: list[tuple[EngineLoad | None, Endpoint]] = []
        self._touched: set[str] = set()
        self._unread: Counter[str] = Counter()
        self._relayed: Counter[str] = Counter()
        self._room = Room()
        self.opened = 0
        self._newest: Sequence[EndpointState] | None = None

    def limit(self, max_waiting: int | None, max_in_flight: int | None) -> None:
        """Other bounds hold from now on."""
        self._max_waiting = max_waiting
        self._max_in_flight = max_in_flight
        self._touched.update(self._states)

    def sent(self, address: str, prefiller: str | None = None) -> None:
        """A request was sent to the endpoint at `address`, which `prefiller` prefills for it."""
        self._count(address, 1)
        if prefiller is not None:
            self._count(prefiller, 1)
            self._relayed[address] += 1

    def first_token(self, address: str, prefiller: str | None = None) -> None:
        """One of them gave its first token, for the first time."""
        self._count(address, -1)
        if prefiller is not None:
            self._count(prefiller, -1)
            self._relayed[address] -= 1
            if not self._relayed[address]:
                del self._relayed[address]

    def moved(
        self, address: str, to: str, first_token_seen: bool, prefiller: str | None = None
    ) -> None:
        """One of them is answered by the endpoint at `to` instead."""
        if not first_token_seen:
            self.first_token(address, prefiller)
            self.sent(to, prefiller)
        self._touched.update((address, to))

    def ended(self, address: str, first_token_seen: bool, prefiller: str | None = None) -> None:
        """One of them has ended, whose first token was told before, or was not."""
        if not first_token_seen:
            self.first_token(address, prefiller)
        self._touched.add(address)
        before = self._seen >= _SEEN
        self._seen += _MEMORY * (first_token_seen - self._seen)
        if before != (self._seen >= _SEEN):
            self._touched.update(self._states)

    def _count(self, address: str, more: int) -> None:
        self._unread[address] += more
        if not self._unread[address]:
            del self._unread[address]
        self._touched.add(address)

    def room(self, states: Sequence[EndpointState], now: float = 0.0) -> Room:
        """Which healthy endpoints of `states` have room. The answer changes with later calls.

        `states` are all endpoints of the pool: others are forgotten. The very object of the call
        before says that no load and no endpoint is another.
        """
        if states is self._newest:
            pass
        elif len(states) != len(self._states) or not all(map(is_, states, self._states.values())):
            self._begin(states)
        else:
            self._notice(states)
        self._newest = states
        for address in self._touched:
            if (state := self._states.get(address)) is not None:
                self._judge(address, state, now)
        self._touched.clear()
        return self._room

    def waiting(self, address: str) -> int | None:
        """The most requests that may wait on the server at `address`, as of its last look; None:
        unknown."""
        known, state = self._known.get(address), self._states.get(address)
        return None if known is None or state is None else self._waiting(known, state)

    def _begin(self, states: Sequence[EndpointState]) -> None:
        self._states = {state.endpoint.address: state for state in states}
        self._known = {each: known for each, known in self._known.items() if each in self._states}
        self._room = Room()
        self._loads = [(state.load, state.endpoint) for state in states]
        self._touched.update(self._states)

    def _notice(self, states: Sequence[EndpointState]) -> None:
        changed = [
            index
            for index, (state, (load, endpoint)) in enumerate(zip(states, self._loads, strict=True))
            if state.load is not load or state.endpoint is not endpoint
        ]
        for index in changed:
            state = states[index]
            self._loads[index] = (state.load, state.endpoint)
            self._touched.add(state.endpoint.address)

    def _judge(self, address: str, state: EndpointState, now: float) -> None:
        known = self._known.get(address, _Known())
        unread, relayed = self._unread[address], self._relayed[address]
        known = self._known[address] = _learn(known, state, unread, relayed)
        has_room = self._has_room(known, state)
        self.opened += self._room.put(state.endpoint, now, has_room=has_room)

    def _has_room(self, known: _Known, state: EndpointState) -> bool:
        if self._max_in_flight is not None and state.in_flight.requests >= self._max_in_flight:
            return False
        if self._max_waiting is None:
            return True
        waiting = self._waiting(known, state)
        return waiting is None or waiting < self._max_waiting

    def _waiting(self, known: _Known, state: EndpointState) -> int | None:
        if known.at is None:
            return None
        silent = state.load is None
        unread = self._unread[state.endpoint.address]
        bounds = [unread + (0 if silent else known.foreign_waiting)]
        if not silent:
            bounds.append(known.waiting + state.since_scrape)
        if self._seen < _SEEN:
            foreign = 0 if silent else known.foreign
            slots = known.proven if silent else known.slots
            bounds.append(state.in_flight.requests + foreign - slots)
        return max(min(bounds), 0)


def _learn(known: _Known, state: EndpointState, unread: int, relayed: int) -> _Known:
    """`known`, after the newest scrape of `state` if that is new; `unread` requests of ours on it
    have given no first token, and `relayed` of them are prefilled elsewhere."""
    load = state.load
    if load is None or load.waiting is None or load.running is None or load.at == known.at:
        return known
    full = (load.kv_usage or 0.0) >= _KV_FULL
    proven = load.running if full else max(known.proven, load.running)
    slots = load.running if full or load.waiting else proven
    ours = max(state.in_flight.requests - state.since_scrape, 0)
    our_waiting = max(unread - state.since_scrape, 0)
    told = load.waiting + load.running
    # sent before the scrape, and not there when the server looked
    coming = min(max(ours - relayed - told, 0), our_waiting)
    return _Known(
        load.at,
        slots,
        proven,
        load.waiting + coming,
        max(told - ours, 0),
        max(load.waiting - our_waiting, 0),
    )
