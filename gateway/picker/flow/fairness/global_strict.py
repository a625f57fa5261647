"""No fairness: the request goes next that the ordering puts first, whatever its flow."""

from gateway.picker.flow.fairness_policy import FairnessPolicy, FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue
from gateway.picker.flow.lazy_heap import LazyHeap


class GlobalStrict:
    """The flow whose head comes first in the band's ordering."""

    __slots__ = ("_flows",)

    def __init__(self, _: FairnessWeights) -> None:
        self._flows: LazyHeap[FlowQueue] = LazyHeap()

    def put(self, flow: FlowQueue, now: float) -> None:
        """Compare `flow` by its head."""
        del now
        key = flow.head_key()
        if flow not in self._flows or self._flows.key(flow) != key:
            self._flows.put(flow, key)

    def discard(self, flow: FlowQueue) -> None:
        """Leave `flow` out."""
        self._flows.discard(flow)

    def pick(self, now: float) -> FlowQueue | None:
        """The flow with the first head."""
        del now
        return self._flows.first()

    def dispatched(self, flow: FlowQueue, now: float) -> None:
        """Nothing is remembered."""


FAIRNESS = FairnessPolicy("global-strict", GlobalStrict)
