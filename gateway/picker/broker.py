"""Joins flow control and a pool: requests come in, placements and drops go out. Sans-IO.

The caller offers a request and either has its answer at once or an entry that waits. It steps the
broker when something happened (a request ended or gave its first token, metrics came, endpoints
changed) and when `next_wakeup` says so, and hands on what each step decided.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.attempt import Attempt, PoolLike, is_none_of
from gateway.picker.flow.choice import Full
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.eviction import Evictions
from gateway.picker.flow.gate import EndpointGate, Room
from gateway.picker.flow.lane import ANY
from gateway.picker.flow.rules import FlowRules
from gateway.picker.flow.running import Run, Running
from gateway.picker.flow.view import QueueView
from gateway.picker.flow.waiting_room import WaitingRoom
from gateway.picker.saturation import QUEUE_DEPTH

_RATE_HALF_LIFE: Final = 10.0
_LONGEST_RETRY: Final = 60.0
_LONGEST_RUN: Final = 3600.0
"""Seconds after which a request is taken for ended whose end nobody told."""
_MEMORY: Final = 1 / 16
"""The weight of the newest answer in the length that is expected of the next, which a flow is
charged before it is known, so that it cannot start many at once for nothing."""
_TRIES: Final = 8
"""So many that wait are priced in vain in a step: those of a long queue are not all looked at
whenever something happens."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request waits; `entry` names it in `cancel` and in the outcome of a step."""

    entry: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request that waited."""

    entry: int
    verdict: Placement | Dropped


class Broker:
    """The queue of one pool, by `rules`.

    Each request is answered once: by `offer`, by an outcome of `step`, or by `cancel`. One never
    overtakes another of a higher priority, except to an endpoint that the other does not want: who
    waits for a full endpoint although another has room has found that it answers sooner.
    """

    def __init__(self, pool: PoolLike, rules: FlowRules) -> None:
        self._pool = pool
        self._rules = rules
        self._gate = EndpointGate(rules.max_waiting, rules.max_in_flight)
        self._room = WaitingRoom(rules)
        self._running = Running()
        self._evictions = Evictions(self._running)
        self._rate = AttainedService(_RATE_HALF_LIFE)
        self._evicted: dict[int, Dropped] = {}
        self._aborts: list[int] = []
        self._due = False
        self._opened = 0
        self._look_again = -math.inf
        self._answer = 0.0
        self._empty = False
        self._revived = -math.inf
        self._now = -math.inf

    @property
    def gate(self) -> EndpointGate:
        """Which endpoints have room: told of what other gateways send, too."""
        return self._gate

    def offer(self, demand: Demand, size_bytes: int, now: float) -> Placement | Dropped | Waiting:
        """Place `demand`, drop it, or let it wait with the `size_bytes` that are held for it."""
        now = self._clock(now)
        key = self._room.flow(demand, now)
        if not self._rules.enabled:
            return self._place_or_shed(key, demand, now)
        saturation, room = self._saturation(now), self._look(now)
        full = Full()
        if is_none_of(demand.subset, room) or self._may_go(demand.priority, saturation):
            verdict = self._attempt(demand, room, now, 0.0)
            if not isinstance(verdict, Full):
                return self._settle(key, verdict, now)
            full = verdict
        return self._enter(key, demand, size_bytes, full, now)

    def cancel(self, entry: int, now: float) -> bool:
        """The client of `entry` is gone. False if it did not wait any more: if an outcome placed
        it, its ticket is to be finished."""
        if self._evicted.pop(entry, None) is not None:
            return True
        found = self._room.find(entry)
        if found is None:
            return False
        now = self._clock(now)
        self._room.remove(found, now)
        self._room.count_drop(found.key, Drop.GONE, now)
        self._due = True
        return True

    def step(self, now: float) -> list[Outcome]:
        """Dispatch what may go and drop what may wait no longer, at most a batch of the former."""
        now = self._clock(now)
        self._due = False
        outcomes = [Outcome(number, dropped) for number, dropped in self._evicted.items()]
        self._evicted = {}
        if len(self._room):
            outcomes += self._expire(now)
            outcomes += self._dispatch(now)
        return outcomes

    def aborts(self) -> list[int]:
        """Tickets of running requests to abort for others that wait, each named once: answer them
        with `Drop.EVICTED`, or cut their answers short, and finish the tickets."""
        aborts, self._aborts = self._aborts, []
        return aborts

    def next_wakeup(self, now: float) -> float | None:
        """When the next step is due, at `now` or later; None: not before something happens."""
        if self._evicted or (self._due and len(self._room)):
            return now
        oldest = self._room.oldest()
        if oldest is None:
            return None
        return max(min(self._deadline(oldest), now + self._rules.recheck), now)

    def first_token(self, ticket: int, now: float) -> None:
        """The request of `ticket` gave its first token."""
        now = self._clock(now)
        self._pool.first_token(ticket, now)
        run = self._running.first_token(ticket)
        if run is not None:
            self._gate.first_token(run.endpoint, run.prefiller)
            self._due = True

    def moved(self, ticket: int, address: str, now: float) -> None:
        """The endpoint at `address` answers the request of `ticket`, which went to another first:
        there it has made room."""
        now = self._clock(now)
        if not self._pool.moved(ticket, address, now):
            return
        run = self._running.moved(ticket, address)
        if run is not None:
            self._gate.moved(run.endpoint, address, run.first_token_seen, run.prefiller)
            self._due = True

    def finish(self, ticket: int, served: Served, now: float) -> None:
        """The request of `ticket` has ended; a second time is ignored by the queue."""
        now = self._clock(now)
        if served.endpoint is not None:
            self.moved(ticket, served.endpoint, now)
        self._pool.finish(ticket, served, now)
        run = self._running.end(ticket)
        if run is None:
            return
        self._gate.ended(run.endpoint, run.first_token_seen, run.prefiller)
        self._room.served(run.key, self._correction(run, served), now)
        self._due = True

    def set_rules(self, rules: FlowRules, now: float) -> None:
        """Go on by other rules. Whoever waits stays, and keeps the time that it has waited."""
        now = self._clock(now)
        self._rules = rules
        self._gate.limit(rules.max_waiting, rules.max_in_flight)
        self._room = self._room.successor(rules, now)
        self._due = True

    def queued(self, now: float) -> QueueView:
        """What waits, for metrics and explanations."""
        saturation = self._saturation(now)
        bands = self._room.views(saturation, now)
        return QueueView(len(self._room), self._room.bytes, saturation, bands)

    def _clock(self, now: float) -> float:
        self._now = max(self._now, now)
        for run in self._running.lost(self._now - _LONGEST_RUN):
            self._gate.ended(run.endpoint, run.first_token_seen, run.prefiller)
        return self._now

    def _saturation(self, now: float) -> float:
        depth = self._rules.max_waiting or QUEUE_DEPTH
        return self._pool.saturation(now, self._rules.max_in_flight, depth)

    def _place_or_shed(self, key: FlowKey, demand: Demand, now: float) -> Placement | Dropped:
        if demand.priority < 0 and self._saturation(now) >= 1.0:
            return self._drop(key, Drop.SATURATED, now, now)
        return self._settle(key, self._pool.place(demand, now, 0.0), now)

    def _may_go(self, priority: int, saturation: float) -> bool:
        """Whether a request that comes now may try: nobody waits before it for whatever there is,
        and its band is served. Of a pool without endpoints all may, to be told so."""
        if self._room.above(priority - 1, ANY):
            return False
        return self._empty or self._is_served(priority, saturation)

    def _is_served(self, priority: int, saturation: float) -> bool:
        """Whether the ceiling of that band is over the saturation. Where servers have bounds of
        their own, which say of each whether it is full, the ceiling 1 holds nobody back."""
        ceiling = self._room.ceilings(saturation)[priority]
        return saturation < ceiling or (ceiling >= 1.0 and self._bounded)

    @property
    def _bounded(self) -> bool:
        return self._rules.max_waiting is not None or self._rules.max_in_flight is not None

    def _enter(
        self, key: FlowKey, demand: Demand, size: int, full: Full, now: float
    ) -> Dropped | Waiting:
        for victim in self._room.pressed_out(key, size, now):
            self._evicted[victim.number] = self._drop(
                victim.key, Drop.QUEUE_PRESSURE, now, victim.arrived
            )
        entry = self._room.enter(key, demand, size, now)
        if entry is None:
            return self._drop(key, Drop.SATURATED, now, now)
        self._room.move(entry, full.address, full.work, now)
        self._due = True
        return Waiting(entry.number)

    def _expire(self, now: float) -> list[Outcome]:
        self._look(now)
        drop = Drop.NO_ENDPOINTS if self._empty else Drop.EXPIRED
        outcomes: list[Outcome] = []
        while (entry := self._room.oldest()) is not None and self._deadline(entry) <= now:
            self._room.remove(entry, now)
            outcomes.append(Outcome(entry.number, self._drop(entry.key, drop, now, entry.arrived)))
        return outcomes

    def _deadline(self, entry: Entry) -> float:
        """Until when `entry` may wait; later for one that came later. Who waited through a time
        without endpoints has its whole time to live after it, within that of such times."""
        longest = entry.arrived + self._rules.no_endpoint_ttl
        if self._empty:
            return longest
        return max(min(self._revived + self._rules.ttl, longest), entry.expires)

    def _dispatch(self, now: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        if self._empty:  # as `_expire` has seen
            return outcomes
        anew, moved, tries = self._looks_anew(now), False, 0
        while len(outcomes) < self._rules.batch and tries < _TRIES:
            entry = self._next(now, anew=anew)
            if entry is None:
                break
            lane = self._room.lane(entry)
            verdict = self._attempt(entry.demand, self._look(now), now, now - entry.arrived, lane)
            if isinstance(verdict, Full):
                tries += 1
                moved |= self._goes_on_waiting(entry, verdict, now)
                continue
            self._room.take(entry, now)
            self._evictions.used(verdict, lane)
            outcomes.append(
                Outcome(entry.number, self._settle(entry.key, verdict, now, entry.arrived))
            )
        self._room.restore(now)
        self._due = len(outcomes) >= self._rules.batch or (moved and tries >= _TRIES)
        if self._rules.eviction:
            self._aborts += self._evictions.name(self._look(now), self._room, now)
        return outcomes

    def _looks_anew(self, now: float) -> bool:
        """Whether those that wait for full endpoints are to be priced anew: when another has got
        room, and now and then."""
        if self._gate.opened == self._opened and now < self._look_again:
            return False
        self._opened = self._gate.opened
        self._look_again = now + self._rules.recheck
        return True

    def _goes_on_waiting(self, entry: Entry, full: Full, now: float) -> bool:
        """Let `entry` wait for the endpoint that it wants by now. Whether that is another."""
        if full.address in (ANY, self._room.lane(entry)):
            self._room.set_aside(entry)
            return False
        self._room.move(entry, full.address, full.work, now)
        return True

    def _next(self, now: float, *, anew: bool) -> Entry | None:
        """Who goes next: whose endpoint has room, of the highest band; with `anew` also others of
        that, if it is another that has."""
        saturation, room = self._saturation(now), self._look(now)
        if not (room.open or room.idle):
            return None
        full = {**room.full, **room.busy}
        for band in self._room.bands():
            if not self._is_served(band.priority, saturation):
                return None
            entry = band.head(now, full) or (band.head(now) if anew else None)
            if entry is not None:
                return entry
        return None

    def _attempt(
        self, demand: Demand, room: Room, now: float, waited: float, lane: str | None = None
    ) -> Placement | Dropped | Full:
        """Place `demand`, the head of `lane` if it waits, or say what it has to wait for."""
        if self._empty and self._rules.no_endpoint_ttl and demand.subset != ():
            return Full()
        request = Attempt(demand, now, waited, lane)
        return request.made(self._pool, room, self._room)

    def _look(self, now: float) -> Room:
        room = self._gate.room(self._pool.states(), now)
        empty = not (room.open or room.full or room.idle or room.busy)
        if self._empty and not empty:
            self._revived = now
        self._empty = empty
        return room

    def _settle(
        self, key: FlowKey, verdict: Placement | Dropped, now: float, arrived: float | None = None
    ) -> Placement | Dropped:
        """Account for the answer of the pool."""
        if isinstance(verdict, Dropped):
            self._room.count_drop(key, verdict.drop, now)
            return replace(verdict, waited=0.0 if arrived is None else now - arrived)
        self._rate.add(1.0, now)
        self._gate.sent(verdict.endpoint, verdict.prefiller)
        tokens = verdict.prompt_tokens
        run = Run(key, verdict.endpoint, tokens, self._answer, now, verdict.prefiller)
        self._running.begin(verdict.ticket, run)
        self._room.count_dispatch(key, _service(run.prompt, run.answer), now)
        return verdict

    def _correction(self, run: Run, served: Served) -> float:
        """By how much the service of `run` was more than its flow was charged when it was placed.
        What is not told is taken to be as expected."""
        prompt = run.prompt if served.prompt_tokens is None else served.prompt_tokens
        answer = run.answer if served.output_tokens is None else served.output_tokens
        self._answer += (answer - self._answer) * _MEMORY
        return _service(prompt, answer) - _service(run.prompt, run.answer)

    def _drop(self, key: FlowKey, drop: Drop, now: float, arrived: float) -> Dropped:
        self._room.count_drop(key, drop, now)
        return Dropped(drop, self._retry_after(now), now - arrived)

    def _retry_after(self, now: float) -> float:
        """Seconds until the queue will have emptied, at the rate of late; 1 to 60."""
        rate = self._rate.at(now) * math.log(2) / _RATE_HALF_LIFE
        if rate * _LONGEST_RETRY <= len(self._room):
            return _LONGEST_RETRY if len(self._room) else 1.0
        return max(len(self._room) / rate, 1.0)


def _service(prompt: float, answer: float) -> float:
    """The service that a request is to its flow, in tokens, as llm-d counts it."""
    return prompt + 2 * answer
