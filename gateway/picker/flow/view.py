"""What waits, for metrics and explanations. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.placement import Drop


@dataclass(frozen=True, slots=True)
class FlowView:
    """One flow. `oldest` is for how long its oldest request has waited, in seconds (0: none waits).
    `attained` is its service of late in tokens. `dispatched` and `dropped` count since the flow
    was first seen."""

    flow: str
    waiting: int
    oldest: float
    bytes: int
    attained: float
    dispatched: int
    dropped: Mapping[Drop, int]


@dataclass(frozen=True, slots=True)
class BandView:
    """One priority. It is served while the saturation is under `ceiling`. `fairness` is the Jain
    index of the service that its flows have had of late, 1 when all had the same. Its counts go
    on when flows are forgotten. `lanes` says how many wait for which endpoint ("": for any)."""

    priority: int
    ceiling: float
    waiting: int
    oldest: float
    bytes: int
    fairness: float
    dispatched: int
    dropped: Mapping[Drop, int]
    flows: tuple[FlowView, ...]
    lanes: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class QueueView:
    """The whole queue, bands from high to low. `saturation` is that of the pool, 1 is full."""

    waiting: int
    bytes: int
    saturation: float
    bands: tuple[BandView, ...]
