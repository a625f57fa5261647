"""Those of one band that wait for the same endpoint, in flows. Pure: no I/O, no clock."""

from typing import Final

from gateway.picker.flow.entry import Entry
from gateway.picker.flow.fairness_policy import Fairness
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.ordering_policy import Ordering

ANY: Final = ""
"""The lane of those who have not been told yet which endpoint they wait for."""


class Lane:
    """`work` is the sum of what they would keep their endpoint busy for, in milliseconds.

    Only those who wait for the same endpoint compete, so that each lane has its own turns; what
    service a flow has had is that of all its requests.
    """

    __slots__ = ("_aside", "_fairness", "_ordering", "_queues", "_works", "work")

    def __init__(self, ordering: Ordering, fairness: Fairness) -> None:
        self.work = 0.0
        self._ordering = ordering
        self._fairness = fairness
        self._queues: dict[str, FlowQueue] = {}
        self._works: dict[int, float] = {}
        self._aside: set[str] = set()

    def __len__(self) -> int:
        return len(self._works)

    def add(self, entry: Entry, flow: FlowQueue, work: float, now: float) -> None:
        """Let `entry` of `flow` wait here."""
        queue = self._queues.get(flow.name)
        if queue is None:
            queue = FlowQueue(flow.name, self._ordering, flow.attained, now)
            self._queues[flow.name] = queue
        queue.add(entry)
        self._works[entry.number] = work
        self.work += work
        self.renew(flow.name, now)

    def remove(self, entry: Entry, now: float) -> None:
        """`entry` waits here no more. KeyError if it does not."""
        self.work = max(self.work - self._works.pop(entry.number), 0.0)
        self._queues[entry.key.flow].remove(entry)
        self.renew(entry.key.flow, now)

    def turn(self, flow: str, now: float) -> None:
        """The flow of that name has had its turn: its head, which leaves next, is dispatched."""
        self._fairness.dispatched(self._queues[flow], now)

    def head(self, now: float) -> Entry | None:
        """The request that goes next; None if none waits, or only such of flows set aside."""
        flow = self._fairness.pick(now)
        return flow.head() if flow is not None else None

    def set_aside(self, flow: str) -> None:
        """Leave the flow of that name out until `restore`."""
        self._fairness.discard(self._queues[flow])
        self._aside.add(flow)

    def restore(self, now: float) -> None:
        """All flows may go again."""
        aside, self._aside = self._aside, set()
        for flow in aside:
            self.renew(flow, now)

    def renew(self, flow: str, now: float) -> None:
        """The head or the service of the flow of that name has changed."""
        queue = self._queues.get(flow)
        if queue is None:
            return
        if not len(queue):
            self._fairness.discard(queue)
            del self._queues[flow]
        elif flow not in self._aside:
            self._fairness.put(queue, now)
