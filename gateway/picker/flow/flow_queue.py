"""The requests of one flow that wait, and what became of the others. Pure: no I/O, no clock."""

from collections import Counter, OrderedDict

from gateway.model.placement import Drop
from gateway.picker.flow.attained_service import AttainedService
from gateway.picker.flow.entry import Entry
from gateway.picker.flow.lazy_heap import Key, LazyHeap
from gateway.picker.flow.ordering_policy import Ordering


class FlowQueue:
    """Waiting requests of the flow `name` in the order of `ordering`.

    `bytes` is the sum of their sizes, `dispatched` and `dropped` count what left, `attained` is
    the service that the flow has had, in tokens, which several queues may share, `active` is when
    it last did something.
    """

    __slots__ = (
        "_entries", "_order", "_ordering", "active", "attained", "bytes", "dispatched", "dropped",
        "name",
    )  # fmt: skip

    def __init__(
        self, name: str, ordering: Ordering, attained: AttainedService, now: float
    ) -> None:
        self.name = name
        self.bytes = 0
        self.dispatched = 0
        self.dropped: Counter[Drop] = Counter()
        self.attained = attained
        self.active = now
        self._ordering = ordering
        self._order: LazyHeap[int] = LazyHeap()
        self._entries: OrderedDict[int, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Let `entry` wait."""
        self._entries[entry.number] = entry
        self._order.put(entry.number, (self._ordering.key(entry), entry.number))
        self.bytes += entry.size

    def remove(self, entry: Entry) -> None:
        """`entry` waits no more. KeyError if it does not wait here."""
        del self._entries[entry.number]
        self._order.discard(entry.number)
        self.bytes -= entry.size

    def head(self) -> Entry:
        """The request that goes next. LookupError when none waits."""
        number = self._order.first()
        if number is None:
            raise LookupError(f"nothing waits in the flow {self.name!r}")
        return self._entries[number]

    def head_key(self) -> Key:
        """By what the head is ordered, comparable between flows of one ordering."""
        return self._order.key(self.head().number)

    def newest(self) -> Entry:
        """The request that came last. LookupError when none waits."""
        if not self._entries:
            raise LookupError(f"nothing waits in the flow {self.name!r}")
        return self._entries[next(reversed(self._entries))]

    def oldest(self) -> float | None:
        """When the one that waits longest arrived, in seconds; None when none waits."""
        return next(iter(self._entries.values())).arrived if self._entries else None
