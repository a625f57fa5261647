"""A request that waits, and the flow that it waits in. Pure: no I/O, no clock."""

from dataclasses import dataclass

from gateway.model.demand import Demand


@dataclass(frozen=True, slots=True)
class FlowKey:
    """Requests with the same fairness id and the same priority are one flow."""

    flow: str
    priority: int


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A waiting request: `number` grows with every arrival and names it. `arrived` and `expires`
    are seconds on the picker's clock, `size` is the bytes that are held for it."""

    number: int
    key: FlowKey
    demand: Demand
    size: int
    arrived: float
    expires: float
