"""Which endpoint has how much of a prompt in its prefix cache. Pure: no I/O, no clock.

A tree of runs of blocks, shared by all endpoints of a pool: finding a prompt costs as many steps as
its path has runs, and a bisection in the last; not as many as it has blocks, nor times endpoints.
"""

from array import array
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from math import ceil
from typing import Final

from gateway.picker.run import Hold, Run, bits
from gateway.picker.shelf import Shelf

DEFAULT_TOKENS: Final = 31_250 * 16
"""Tokens in the cache of a server that does not say, as llm-d assumes."""

MAX_BLOCKS: Final = 4_000_000
MAX_RUNS: Final = 400_000
"""Bounds of memory: about 32 MB of hashes and 300 MB of runs at worst."""

_KEPT: Final = 0.999
"""What is left when a bound is passed, so that looking for the oldest of all is rare, and short."""

_SHRUNK: Final = 2000
"""Holds that are let go of at once, at most: some milliseconds. Each request adds a few."""

_WITNESSES: Final = 2
"""Flows that have to find nothing, one after the other, of what was believed to be there."""


class Lease:
    """A running request: its blocks on one endpoint stay until it is released.

    `known` of the `blocks` of its chain had been there already. `stamps` says of each known run
    where it ends, when it was used before, and whether a request was running with it.
    """

    __slots__ = ("address", "blocks", "end", "known", "reserved", "shelf", "stamps")

    def __init__(self, address: str, shelf: Shelf, blocks: int) -> None:
        self.address = address
        self.shelf = shelf
        self.blocks = blocks
        self.known = 0
        self.end: Run | None = None
        self.reserved = 0.0
        self.stamps: list[tuple[int, int, bool]] = []


class PrefixIndex:
    """What each endpoint of a pool is believed to have cached; at most `max_blocks` blocks in
    `max_runs` runs. Endpoints join with `capacity` blocks. `changed` are addresses whose shelves
    are other than when it was last cleared, by its reader."""

    def __init__(self, max_blocks: int = MAX_BLOCKS, max_runs: int = MAX_RUNS) -> None:
        self._max_blocks = max_blocks
        self._max_runs = max_runs
        self._root = Run(0, array("Q"), None)
        self._shelves: dict[str, Shelf] = {}
        self._addresses: dict[int, str] = {}
        self._all = 0
        self._clock = 1
        self.blocks = 0
        self.runs = 0
        self.changed: set[str] = set()

    def join(self, address: str, capacity: float) -> None:
        """A new endpoint, with an empty cache of `capacity` blocks."""
        slot = (~self._all & (self._all + 1)).bit_length() - 1
        self._all |= 1 << slot
        self._addresses[slot] = address
        self._shelves[address] = Shelf(slot, capacity)
        self.changed.add(address)

    def leave(self, address: str) -> None:
        """The endpoint is gone, and its cache with it. Its leases are worth nothing now."""
        shelf = self._shelves.pop(address, None)
        if shelf is None:
            return
        self._empty(shelf)
        del self._addresses[shelf.slot]
        self.changed.discard(address)
        self._all &= ~(1 << shelf.slot)

    def shelf(self, address: str) -> Shelf | None:
        """What is believed of this endpoint's cache, to be read only."""
        return self._shelves.get(address)

    def resize(self, address: str, capacity: float) -> None:
        """The endpoint's cache has room for `capacity` blocks."""
        shelf = self._shelves.get(address)
        if shelf is not None and shelf.size != capacity:
            shelf.size = capacity
            self.changed.add(address)
            self._evict(shelf)

    def match(self, chain: Sequence[int]) -> dict[str, int]:
        """How many blocks of the chain, from its beginning and without a gap, each endpoint has;
        endpoints with none are left out."""
        addresses = self._addresses
        return {addresses[slot]: n for n, slots in self.groups(chain) for slot in slots}

    def groups(self, chain: Sequence[int]) -> list[tuple[int, list[int]]]:
        """The same, as slots that have the same number of blocks; `address` says whose they are."""
        found: list[tuple[int, list[int]]] = []
        alive, depth, run = self._all, 0, self._root
        while alive and depth < len(chain):
            child = run.children.get(chain[depth])
            if child is None:
                break
            common = child.common(chain)
            whole = common == len(child.hashes)
            staying = alive & child.full if whole else 0
            ending = alive & (child.ragged if whole else child.full | child.ragged)
            found += [
                (depth + min(int(child.holds[slot].blocks), common), [slot])
                for slot in bits(ending)
            ]
            if depth and (left := alive & ~staying & ~ending):
                found.append((depth, bits(left)))
            alive, depth, run = staying, depth + common, child
        if depth and alive:
            found.append((depth, bits(alive)))
        return found

    def address(self, slot: int) -> str:
        """Whose slot it is."""
        return self._addresses[slot]

    def enter(self, address: str, chain: Sequence[int], reserve: float = 0.0) -> Lease | None:
        """A request with this chain runs at the endpoint, which keeps `reserve` blocks for its
        answer meanwhile; what does not fit any more is evicted. None: no such endpoint."""
        shelf = self._shelves.get(address)
        if shelf is None:
            return None
        lease = Lease(address, shelf, len(chain))
        self._clock += 1
        run, depth, broken = self._root, 0, False
        while depth < len(chain):
            child = run.children.get(chain[depth])
            if child is None:
                child = self._append(run, chain, depth)
            elif (common := child.common(chain)) < len(child.hashes):
                child = self._split(child, common)
            if not broken:
                broken = self._note(lease, child)
            self._occupy(shelf, child)
            depth, run = child.start + len(child.hashes), child
        lease.end = run
        lease.reserved = reserve
        shelf.reserved += reserve
        self.changed.add(address)
        self._pin(shelf, run)
        self._evict(shelf)
        self._bound()
        return lease

    def release(self, lease: Lease, answer: float = 0.0) -> None:
        """The request is over and left an answer of so many blocks in the cache."""
        shelf = lease.shelf
        if not self._current(lease):
            return
        self.changed.add(lease.address)
        shelf.reserved = max(shelf.reserved - lease.reserved, 0.0)
        self._clock += 1
        run = lease.end
        lease.end = None
        while run is not None and run.parent is not None:
            hold = run.holds.get(shelf.slot)
            if hold is not None and hold.pins:
                hold.stamp = self._clock
                hold.pins -= 1
                if not hold.pins:
                    shelf.pinned -= hold.blocks
            run = run.parent
        if answer > 0:
            shelf.used += answer
            shelf.add(Hold(None, shelf.slot, answer, self._clock))
        self._evict(shelf)

    def withdraw(self, lease: Lease, chain: Sequence[int]) -> None:
        """The request was never read by the endpoint: it has not got what was new to it."""
        if self._current(lease):
            self.release(lease)
            self.truncate(lease.address, chain, lease.known)

    def reported(self, lease: Lease, seen: float, witness: str = "") -> None:
        """The server found `seen` blocks of this running request's chain in its cache.

        If that is less than believed, it evicted some; and whatever was used longer ago than those
        is gone too. A difference of a block is rounding, and blocks that another request was just
        computing prove nothing. Nor does nothing at all: a request may be read by another template
        than its chain says, and its client could so have everybody's prompts forgotten. Only when
        requests of two `witness`es in a row find nothing has the server lost what it had.
        """
        if not self._current(lease):
            return
        shelf = lease.shelf
        if seen < 1 <= lease.known - 1:
            shelf.doubts.add(witness)
            if len(shelf.doubts) < _WITNESSES:
                return
        shelf.doubts.clear()
        self.changed.add(lease.address)
        if seen >= lease.known - 1:
            shelf.learn(believed=lease.known, seen=max(seen, lease.known))
            return
        for end, stamp, running in lease.stamps:
            if end > seen and not running:
                shelf.learn(believed=lease.known, seen=seen)
                self._evict_older(shelf, stamp)
                self._evict(shelf)
                return
            if end > seen:
                return

    def stored(self, address: str, chain: Sequence[int]) -> None:
        """The server said that it has cached all of this chain."""
        lease = self.enter(address, chain)
        if lease is not None:
            self.release(lease)

    def truncate(self, address: str, chain: Sequence[int], kept: int) -> None:
        """Of this chain the endpoint has only the first `kept` blocks, so nothing beyond either."""
        shelf = self._shelves.get(address)
        run = self._root
        while shelf is not None and run.start + len(run.hashes) < len(chain):
            child = run.children.get(chain[run.start + len(run.hashes)])
            if child is None or shelf.slot not in child.holds:
                return
            if child.start + len(child.hashes) > kept:
                common = child.common(chain)
                keep = max(kept - child.start, 0)
                if keep < common:
                    self._forget(shelf, child, keep)
                return
            run = child

    def clear(self, address: str) -> None:
        """The server said that its cache is empty, or it was started anew."""
        shelf = self._shelves.get(address)
        if shelf is not None:
            self._empty(shelf)
            fresh = Shelf(shelf.slot, shelf.size)
            fresh.factor = shelf.factor
            self._shelves[address] = fresh
            self.changed.add(address)

    def _current(self, lease: Lease) -> bool:
        return lease.end is not None and self._shelves.get(lease.address) is lease.shelf

    def _note(self, lease: Lease, run: Run) -> bool:
        """Write down what was known of a run before this request; whether the chain breaks here."""
        hold = run.holds.get(lease.shelf.slot)
        if hold is None:
            return True
        lease.known = run.start + int(hold.blocks)
        lease.stamps.append((lease.known, hold.stamp, hold.pins > 0))
        return hold.blocks < len(run.hashes)

    def _append(self, run: Run, chain: Sequence[int], depth: int) -> Run:
        """A new run with the rest of the chain, after `run`."""
        fresh = Run(depth, array("Q", chain[depth:]), run)
        run.children[chain[depth]] = fresh
        self.blocks += len(fresh.hashes)
        self.runs += 1
        return fresh

    def _split(self, run: Run, size: int) -> Run:
        """Part the first `size` blocks of a run from the others; returns the new run of these.
        The old one keeps the end, so that leases, which end there, still do."""
        parent = run.parent
        assert parent is not None  # the root is empty and is never split
        head = Run(run.start, run.hashes[:size], parent)
        parent.children[head.hashes[0]] = head
        run.hashes = run.hashes[size:]
        run.start += size
        run.parent = head
        head.children[run.hashes[0]] = run
        self.runs += 1
        for slot, hold in list(run.holds.items()):
            kept = min(int(hold.blocks), size)
            front = Hold(head, slot, kept, hold.stamp)
            front.pins = hold.pins
            head.holds[slot] = front
            head.resize(front, kept)
            run.resize(hold, int(hold.blocks) - kept)
            shelf = self._shelves[self._addresses[slot]]
            shelf.add(front)
            shelf.add(hold)
        return head

    def _occupy(self, shelf: Shelf, run: Run) -> None:
        hold = run.holds.get(shelf.slot)
        size = len(run.hashes)
        if hold is None:
            hold = Hold(run, shelf.slot, 0, self._clock)
            run.holds[shelf.slot] = hold
            shelf.add(hold)
        if hold.blocks < size:
            shelf.used += size - hold.blocks
            if hold.pins:
                shelf.pinned += size - hold.blocks
            run.resize(hold, size)
        hold.stamp = self._clock

    def _pin(self, shelf: Shelf, run: Run | None) -> None:
        while run is not None and run.parent is not None:
            hold = run.holds[shelf.slot]
            if not hold.pins:
                shelf.pinned += hold.blocks
            hold.pins += 1
            run = run.parent

    def _evict(self, shelf: Shelf) -> None:
        while (excess := shelf.excess) > 0 and (hold := shelf.oldest(self._clock)) is not None:
            self._shrink(shelf, hold, max(hold.blocks - ceil(excess), 0))

    def _evict_older(self, shelf: Shelf, stamp: int) -> None:
        """Forget what was used before `stamp`."""
        while (hold := shelf.oldest(self._clock)) is not None and hold.stamp < stamp:
            self._shrink(shelf, hold, 0)

    def _shrink(self, shelf: Shelf, hold: Hold, blocks: float) -> None:
        """Leave only so many blocks of a hold."""
        self.changed.add(self._addresses[shelf.slot])
        shelf.used -= hold.blocks - blocks
        if hold.pins:
            shelf.pinned -= hold.blocks - blocks
        run = hold.run
        if run is None:
            hold.blocks = blocks
            return
        run.resize(hold, int(blocks))
        self.blocks -= run.trim()
        self._prune(run)

    def _prune(self, run: Run) -> None:
        """Remove runs that nobody holds."""
        while run.parent is not None and not run.holds and not run.children:
            parent = run.parent
            parent.children.pop(run.hashes[0], None)
            self.blocks -= len(run.hashes)
            self.runs -= 1
            run = parent

    def _forget(self, shelf: Shelf, run: Run, keep: int) -> None:
        """Shrink the endpoint's hold of a run, and let go of everything after it."""
        pending = [child for child in run.children.values() if shelf.slot in child.holds]
        for child in pending:  # grows: breadth first
            pending.extend(each for each in child.children.values() if shelf.slot in each.holds)
        for child in reversed(pending):
            self._shrink(shelf, child.holds[shelf.slot], 0)
        hold = run.holds.get(shelf.slot)
        if hold is not None and keep < hold.blocks:
            self._shrink(shelf, hold, keep)

    def _empty(self, shelf: Shelf) -> None:
        for hold in sorted(
            {entry[3] for entry in shelf.heap if entry[3].blocks and entry[3].run is not None},
            key=lambda hold: -hold.run.start if hold.run is not None else 0,
        ):
            self._shrink(shelf, hold, 0)

    def _bound(self) -> None:
        """Keep to the limits of memory: the oldest of all goes first, a thousandth at a time, but
        never so many holds that it makes a pause: what is left is for the next time."""
        if self.blocks <= self._max_blocks and self.runs <= self._max_runs:
            return
        blocks, runs = self._max_blocks * _KEPT, self._max_runs * _KEPT
        oldest = [
            (hold.stamp, -place, shelf)
            for place, shelf in enumerate(self._shelves.values())
            if (hold := shelf.oldest(self._clock)) is not None
        ]
        heapify(oldest)
        for _ in range(_SHRUNK):
            if not oldest or (self.blocks <= blocks and self.runs <= runs):
                return
            stamp, place, shelf = oldest[0]
            hold = shelf.oldest(self._clock)
            if hold is not None and hold.stamp == stamp:
                self._shrink(shelf, hold, 0)
                hold = shelf.oldest(self._clock)
            if hold is None:
                heappop(oldest)
            else:
                heapreplace(oldest, (hold.stamp, place, shelf))
