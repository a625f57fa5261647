"""All requests that wait for a pool, in bands of one priority. Pure: no I/O, no clock."""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gateway.model.demand import Demand
from gateway.model.placement import Drop
from gateway.picker.flow.band import Band
from gateway.picker.flow.ceiling_policy import CeilingRange
from gateway.picker.flow.ceilings import find_ceilings
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.rules import FlowRules
from gateway.picker.flow.view import BandView

OVERFLOW_FLOW: Final = "other"
"""The flow of requests whose own is one more than may be known."""

_SWEEP: Final = 8
"""At most so many flows are looked at for one to forget, which bounds the work of a request."""


class WaitingRoom:
    """Entries in bands, bounded as `rules` say. `bytes` is the sum of their sizes.

    Whatever it does takes O(log n) of the number of entries and flows, amortised, and is linear in
    the number of bands, which operators name.
    """

    __slots__ = (
        "_aside", "_bands", "_ceilings", "_entries", "_number", "_priorities", "_recent", "_rules",
        "_swept", "bytes",
    )  # fmt: skip

    def __init__(self, rules: FlowRules) -> None:
        self.bytes = 0
        self._rules = rules
        self._bands: dict[int, Band] = {}
        self._priorities: tuple[int, ...] = tuple(sorted(rules.bands, reverse=True))
        limits = CeilingRange(rules.min_ceiling, rules.max_ceiling, rules.domain)
        self._ceilings = find_ceilings()[rules.ceiling].make(limits)
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._aside: dict[int, None] = {}
        self._recent: OrderedDict[FlowKey, None] = OrderedDict()
        self._number = 0
        self._swept = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def flow(self, demand: Demand, now: float) -> FlowKey:
        """The flow that `demand` belongs to, which is known from now on."""
        self._forget(now)
        key = FlowKey(demand.flow, demand.priority)
        if key not in self._recent and len(self._recent) >= self._rules.max_flows:
            key = self._make_place(key)
        self._touch(key, now)
        return key

    def above(self, priority: int, lane: str) -> int:
        """How many wait in `lane` with a priority over `priority`."""
        return self.ahead(priority + 1, lane)[0]

    def ahead(self, priority: int, lane: str) -> tuple[int, float]:
        """How many wait in `lane` with `priority` or a higher one, and their work in
        milliseconds."""
        requests, work = 0, 0.0
        for band in self._bands.values():
            if band.priority >= priority and len(band):
                more = band.ahead(lane)
                requests, work = requests + more[0], work + more[1]
        return requests, work

    def ceilings(self, saturation: float) -> dict[int, float]:
        """The ceiling of each known band, from high to low, for one decision."""
        ceilings = self._ceilings.of(self._priorities, saturation)
        return dict(zip(self._priorities, ceilings, strict=True))

    def bands(self) -> Iterator[Band]:
        """The bands in which something waits, from high to low."""
        for priority in self._priorities:
            band = self._bands.get(priority)
            if band is not None and len(band):
                yield band

    def enter(self, key: FlowKey, demand: Demand, size: int, now: float) -> Entry | None:
        """Let `demand` wait with `size` bytes. None if that would pass a bound.

        The caller makes room first (`pressed_out`), if bounds of all bands are at stake.
        """
        if not self._bands[key.priority].fits(size) or not self._fits(size):
            return None
        self._number += 1
        entry = Entry(self._number, key, demand, size, now, now + self._rules.ttl)
        self._add(entry, now)
        return entry

    def pressed_out(self, key: FlowKey, size: int, now: float) -> Sequence[Entry]:
        """Remove requests until one of `size` bytes fits. Of a full band it is the newest of the
        longest flow, so that no flow keeps the others out by filling it; where all bands are full
        together, sheddable ones of lower priority than `key`'s, the lowest first, the newest first.
        None of these is removed if that would not do.
        """
        if not self._bands[key.priority].fits(size):
            return self._shortened(key, size, now)
        if self._fits(size):
            return ()
        victims = [
            band for band in reversed(tuple(self.bands())) if band.priority < min(key.priority, 0)
        ]
        requests = sum(len(band) for band in victims)
        if not self._fits(size - sum(band.bytes for band in victims), requests):
            return ()
        removed: list[Entry] = []
        for band in victims:
            while len(band) and not self._fits(size):
                removed.append(band.newest())
                self.remove(removed[-1], now)
        return removed

    def _shortened(self, key: FlowKey, size: int, now: float) -> Sequence[Entry]:
        """Take from the longest flow of `key`'s band what a request of a shorter one needs."""
        band = self._bands[key.priority]
        longest = band.longest(key.flow)
        if longest is None:
            return ()
        victim = longest.newest()
        most = math.inf if band.rules.max_bytes is None else band.rules.max_bytes
        if band.bytes - victim.size + size > most or not self._fits(size - victim.size, 1):
            return ()
        self.remove(victim, now)
        return (victim,)

    def successor(self, rules: FlowRules, now: float) -> "WaitingRoom":
        """A room by other `rules` in which the same requests wait under the same numbers, with the
        flows' service and counts. Bounds hold for those that come, not for those that are here."""
        room = WaitingRoom(rules)
        room._number = self._number
        for key in self._recent:
            room._touch(key, now)
        for priority, band in self._bands.items():
            if (heir := room._bands.get(priority)) is not None:
                heir.inherit(band, now)
        for entry in self._entries.values():
            kept = replace(entry, expires=entry.arrived + rules.ttl)
            room._add(kept, now)
        return room

    def find(self, number: int) -> Entry | None:
        """The entry of that number, if it waits."""
        return self._entries.get(number)

    def remove(self, entry: Entry, now: float) -> None:
        """`entry` waits no more."""
        self._leave(entry, now)
        self._bands[entry.key.priority].remove(entry, now)

    def take(self, entry: Entry, now: float) -> None:
        """`entry`, the head of its band, goes to an endpoint: its flow has had its turn."""
        self._leave(entry, now)
        self._bands[entry.key.priority].took(entry, now)

    def lane(self, entry: Entry) -> str:
        """The lane in which `entry` waits."""
        return self._bands[entry.key.priority].lane(entry)

    def move(self, entry: Entry, lane: str, work: float, now: float) -> None:
        """`entry` waits in `lane` from now on, whose endpoint it would keep busy for `work`
        milliseconds."""
        self._bands[entry.key.priority].move(entry, lane, work, now)

    def set_aside(self, entry: Entry) -> None:
        """Leave the flow of `entry`, the head of its lane, out of that until `restore`."""
        self._aside[entry.key.priority] = None
        self._bands[entry.key.priority].set_aside(entry)

    def restore(self, now: float) -> None:
        """No flow is left out any more."""
        aside, self._aside = self._aside, {}
        for priority in aside:
            self._bands[priority].restore(now)

    def oldest(self) -> Entry | None:
        """The one that came first of all; None when none waits."""
        return next(iter(self._entries.values()), None)

    def count_dispatch(self, key: FlowKey, tokens: float, now: float) -> None:
        """A request of the flow `key` got an endpoint, which has `tokens` to read."""
        self._touch(key, now)
        self._bands[key.priority].count_dispatch(key.flow, now)
        self._bands[key.priority].served(key.flow, tokens, now)

    def count_drop(self, key: FlowKey, drop: Drop, now: float) -> None:
        """A request of the flow `key` was dropped."""
        self._touch(key, now)
        self._bands[key.priority].count_drop(key.flow, drop, now)

    def served(self, key: FlowKey, tokens: float, now: float) -> None:
        """The flow `key` has had `tokens` more of service, if it is still known."""
        if key in self._recent:
            self._touch(key, now)
            self._bands[key.priority].served(key.flow, tokens, now)

    def views(self, saturation: float, now: float) -> tuple[BandView, ...]:
        """What waits, from high to low. It is no decision: ceilings that alternate stay put."""
        ceilings = find_ceilings()[self._rules.ceiling].make(
            CeilingRange(self._rules.min_ceiling, self._rules.max_ceiling, self._rules.domain)
        )
        limits = zip(self._priorities, ceilings.of(self._priorities, saturation), strict=True)
        return tuple(self._bands[p].view(limit, now) for p, limit in limits if p in self._bands)

    def _fits(self, size: int, fewer: int = 0) -> bool:
        most, most_bytes = self._rules.max_requests, self._rules.max_bytes
        return (most is None or len(self) - fewer < most) and (
            most_bytes is None or self.bytes + size <= most_bytes
        )

    def _add(self, entry: Entry, now: float) -> None:
        self._entries[entry.number] = entry
        self.bytes += entry.size
        self._bands[entry.key.priority].add(entry, now)

    def _leave(self, entry: Entry, now: float) -> None:
        del self._entries[entry.number]
        self.bytes -= entry.size
        self._touch(entry.key, now)

    def _touch(self, key: FlowKey, now: float) -> None:
        self._recent[key] = None
        self._recent.move_to_end(key)
        band = self._bands.get(key.priority)
        if band is None:
            band = self._bands[key.priority] = Band(key.priority, self._rules, now)
            self._rank()
        band.flow(key.flow, now)

    def _make_place(self, key: FlowKey) -> FlowKey:
        """`key`, after the flow that was idle for longest is forgotten; the flow of all others
        if those looked at have requests waiting."""
        for _ in range(min(_SWEEP, len(self._recent))):
            oldest = next(iter(self._recent))
            if not self._waits(oldest):
                self._drop(oldest)
                return key
            self._recent.move_to_end(oldest)
        return FlowKey(OVERFLOW_FLOW, key.priority)

    def _forget(self, now: float) -> None:
        for _ in range(_SWEEP):
            oldest = next(iter(self._recent), None)
            if oldest is None or now - self._idle_since(oldest) < self._rules.flow_idle:
                break
            if self._waits(oldest):
                self._touch(oldest, now)
            else:
                self._drop(oldest)
        if now - self._swept >= self._rules.flow_idle:
            self._forget_bands(now)

    def _forget_bands(self, now: float) -> None:
        self._swept = now
        for priority, band in tuple(self._bands.items()):
            if not band.flows and now - band.active >= self._rules.band_idle:
                del self._bands[priority]
        self._rank()

    def _idle_since(self, key: FlowKey) -> float:
        return self._bands[key.priority].flows[key.flow].active

    def _rank(self) -> None:
        self._priorities = tuple(sorted({*self._rules.bands, *self._bands}, reverse=True))

    def _waits(self, key: FlowKey) -> bool:
        return bool(self._bands[key.priority].flows[key.flow])

    def _drop(self, key: FlowKey) -> None:
        del self._recent[key]
        del self._bands[key.priority].flows[key.flow]
