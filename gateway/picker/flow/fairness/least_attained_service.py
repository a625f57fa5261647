"""The flow that has had the least service lately goes next, unless another waits much longer.

As llm-d's program-aware policy: a flow's service is its input tokens and twice its output tokens,
of which half is forgotten every 60 s, and it counts 0.8 beside 0.2 for the wait of the flow's next
request, both as a share of the largest of all flows.
"""

from typing import Final

from gateway.picker.flow.fairness_policy import FairnessPolicy, FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.lazy_heap import LazyHeap

_REFRESH: Final = 0.25
"""Seconds for which flows are compared as of one moment: service fades by 0.3 % in that time."""


class LeastAttainedService:
    """Flows in a heap, compared as of `_moment`.

    A flow's share depends on the largest of all flows, which changes all the time. So all keys are
    built anew once in a while, and an operation in between takes O(log n).
    """

    __slots__ = ("_flows", "_moment", "_most_service", "_most_wait", "_weights")

    def __init__(self, weights: FairnessWeights) -> None:
        self._weights = weights
        self._flows: LazyHeap[FlowQueue] = LazyHeap()
        self._moment = 0.0
        self._most_service = 1.0
        self._most_wait = 1.0

    def put(self, flow: FlowQueue, now: float) -> None:
        """Compare `flow` by its service and by its head."""
        del now
        self._flows.put(flow, self._key(flow))

    def discard(self, flow: FlowQueue) -> None:
        """Leave `flow` out."""
        self._flows.discard(flow)

    def pick(self, now: float) -> FlowQueue | None:
        """The flow with the least service and the longest wait, weighed."""
        if self._flows and now - self._moment > _REFRESH:
            self._refresh(now)
        return self._flows.first()

    def dispatched(self, flow: FlowQueue, now: float) -> None:
        """The flow itself knows its service."""

    def _refresh(self, now: float) -> None:
        self._moment = now
        flows = tuple(self._flows)
        self._most_service = max(1.0, *(flow.attained.at(now) for flow in flows))
        self._most_wait = max(0.001, *(now - flow.head().arrived for flow in flows))
        self._flows = LazyHeap()
        for flow in flows:
            self._flows.put(flow, self._key(flow))

    def _key(self, flow: FlowQueue) -> tuple[float, float]:
        head = flow.head()
        service = flow.attained.at(self._moment) / self._most_service
        wait = (self._moment - head.arrived) / self._most_wait
        return (self._weights.service * service - self._weights.wait * wait, head.number)


FAIRNESS = FairnessPolicy("least-attained-service", LeastAttainedService)
