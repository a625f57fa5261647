"""What a fairness policy is: the choice between the flows of one band. Pure: no I/O, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.picker.flow.flow_queue import FlowQueue


@dataclass(frozen=True, slots=True)
class FairnessWeights:
    """What policies that compare flows weigh: the service that they had and how long their next
    request has waited."""

    service: float = 0.8
    wait: float = 0.2


class Fairness(Protocol):
    """Chooses between the flows that it was given. One object a band. `now` is in seconds."""

    def put(self, flow: FlowQueue, now: float) -> None:
        """`flow` may be chosen from now on, or its head or its service has changed."""
        ...

    def discard(self, flow: FlowQueue) -> None:
        """`flow` may not be chosen any more: nothing waits in it, or it was set aside."""
        ...

    def pick(self, now: float) -> FlowQueue | None:
        """The flow whose head goes next; None if there is none."""
        ...

    def dispatched(self, flow: FlowQueue, now: float) -> None:
        """The head of `flow` has gone; `put` or `discard` follows."""
        ...


@dataclass(frozen=True, slots=True)
class FairnessPolicy:
    """A policy by its name, and how to make one for a band."""

    name: str
    make: Callable[[FairnessWeights], Fairness]
