"""Every flow in turn, one request each.

llm-d goes round its flows in the order of their names; here they go round in the order in which
they began to wait, so that a name buys no place.
"""

from collections import OrderedDict

from gateway.picker.flow.fairness_policy import FairnessPolicy, FairnessWeights
from gateway.picker.flow.flow_queue import FlowQueue


class RoundRobin:
    """A ring of flows: who was served goes to its end, and so does who joins."""

    __slots__ = ("_ring",)

    def __init__(self, _: FairnessWeights) -> None:
        self._ring: OrderedDict[FlowQueue, None] = OrderedDict()

    def put(self, flow: FlowQueue, now: float) -> None:
        """`flow` joins the ring, or stays where it is."""
        del now
        self._ring.setdefault(flow)

    def discard(self, flow: FlowQueue) -> None:
        """`flow` leaves the ring."""
        self._ring.pop(flow, None)

    def pick(self, now: float) -> FlowQueue | None:
        """The flow at the beginning of the ring."""
        del now
        return next(iter(self._ring), None)

    def dispatched(self, flow: FlowQueue, now: float) -> None:
        """`flow` has had its turn."""
        del now
        self._ring.move_to_end(flow)


FAIRNESS = FairnessPolicy("round-robin", RoundRobin)
