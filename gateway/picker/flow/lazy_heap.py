"""A priority queue whose items can be taken out or moved at any time. Pure: no I/O, no clock."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeAlias, TypeVar

Key: TypeAlias = tuple[float, ...]
Item = TypeVar("Item", bound=Hashable)

_SLACK: Final = 64
"""So many places of removed items are kept before the heap is built anew."""


class LazyHeap(Generic[Item]):
    """Items by key, least first; equal keys in the order in which they were put.

    Every operation takes O(log n) amortised: what is removed stays in the heap until it comes to
    the top or until more than half of the heap is such.
    """

    __slots__ = ("_heap", "_live", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[Key, int, Item]] = []
        self._live: dict[Item, tuple[Key, int]] = {}
        self._serial = 0

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, item: Item) -> bool:
        return item in self._live

    def __iter__(self) -> Iterator[Item]:
        """The items in no particular order."""
        return iter(self._live)

    def put(self, item: Item, key: Key) -> None:
        """Add `item`, or move it to `key`."""
        self._serial += 1
        self._live[item] = (key, self._serial)
        heapq.heappush(self._heap, (key, self._serial, item))
        self._compact()

    def discard(self, item: Item) -> None:
        """Remove `item` if it is here."""
        self._live.pop(item, None)
        self._compact()

    def first(self) -> Item | None:
        """The item with the least key; None when empty."""
        heap = self._heap
        while heap:
            key, serial, item = heap[0]
            if self._live.get(item) == (key, serial):
                return item
            heapq.heappop(heap)
        return None

    def key(self, item: Item) -> Key:
        """The key of `item`. KeyError if it is not here."""
        return self._live[item][0]

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._live) + _SLACK:
            self._heap = [(key, serial, item) for item, (key, serial) in self._live.items()]
            heapq.heapify(self._heap)
