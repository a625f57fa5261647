"""What one endpoint's cache is believed to hold, in the order in which it will lose it. Pure."""

from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from typing import Final

from gateway.picker.run import Hold

_ORDER = count()
_FEW: Final = 64
_ANSWER_DEPTH: Final = -(1 << 40)
"""Answers are the end of their chain, so they go first."""

LEAST_FACTOR: Final = 1 / 64
MOST_FACTOR: Final = 8.0


class Shelf:
    """One life of an endpoint's cache. All sizes are in blocks of the index.

    Servers such as vLLM free the blocks of the request that ended longest ago, its last block
    first, and never a block of a running request. A heap gives that order; an entry may be older
    than its hold, whose use is written into the heap only when it comes to the top, so that using
    a block costs nothing.
    """

    def __init__(self, slot: int, capacity: float) -> None:
        self.slot = slot
        self.size = capacity
        self.factor = 1.0
        self.used = 0.0
        self.pinned = 0.0
        self.reserved = 0.0
        self.heap: list[tuple[int, int, int, Hold]] = []
        self.doubts: set[str] = set()
        self._most = _FEW

    @property
    def capacity(self) -> float:
        """What is believed to fit, after what the server's reports have taught."""
        return self.size * self.factor

    @property
    def excess(self) -> float:
        """Blocks too many, above 0; room left, below."""
        return self.used + self.reserved - self.capacity

    def add(self, hold: Hold) -> None:
        """Put a hold onto the heap, anew if its run begins elsewhere now; its blocks are counted by
        the caller."""
        if len(self.heap) > self._most:
            self._compact()
        heappush(self.heap, _entry(hold.stamp, hold))

    def _compact(self) -> None:
        """Leave out holds that are gone: where nothing is evicted they would never come to the
        top."""
        self.heap = [entry for entry in self.heap if entry[3].blocks and entry[2] == entry[3].order]
        heapify(self.heap)
        self._most = 2 * len(self.heap) + _FEW

    def oldest(self, clock: int) -> Hold | None:
        """What the server evicts next, None if all is in use. `clock` is no
        earlier than any stamp; what is in use is looked at again after it."""
        heap = self.heap
        for _ in range(2 * len(heap)):
            if not heap:
                return None
            stamp, _, order, hold = heap[0]
            if not hold.blocks or order != hold.order:
                heappop(heap)
            elif hold.pins:
                if stamp > clock:
                    return None
                heapreplace(heap, _entry(clock + 1, hold))
            elif hold.stamp > stamp:
                heapreplace(heap, _entry(hold.stamp, hold))
            else:
                return hold
        return None

    def learn(self, *, believed: float, seen: float) -> None:
        """The server had `seen` of the `believed` blocks: it holds less, or more, than thought."""
        if seen < believed:
            step = 0.9 if seen < believed / 2 else 0.97
        else:
            step = 1.01 if seen < 2 * believed + 4 else 1.05
        top = 1.0 if seen <= believed and self.factor <= 1 else MOST_FACTOR
        self.factor = min(max(self.factor * step, LEAST_FACTOR), top)


def _entry(stamp: int, hold: Hold) -> tuple[int, int, int, Hold]:
    """Older before younger, of the same age the end of the prompt first. An entry that is not the
    newest of its hold does not count."""
    depth = _ANSWER_DEPTH if hold.run is None else -hold.run.start
    hold.order = next(_ORDER)
    return stamp, depth, hold.order, hold
