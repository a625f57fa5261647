"""All routing policies, by the name that the report gives them."""

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.routing.policies.aibrix import AibrixPrefix
from benchmarks.routing.policies.dynamo import DynamoCost
from benchmarks.routing.policies.gatehouse import Gatehouse
from benchmarks.routing.policies.llmd import StickyUntilSaturated, WeightedScorers
from benchmarks.routing.policies.oracle import Oracle
from benchmarks.routing.policies.production_stack import ProductionStackPrefix
from benchmarks.routing.policies.replicated import TwoApart, TwoSharing
from benchmarks.routing.policies.sglang import CacheAware, Lmetric
from benchmarks.routing.policies.unaware import LeastRequest, RandomChoice, RoundRobin
from benchmarks.routing.policies.variants import (
    AlwaysDisaggregated,
    Holdback,
    NeverDisaggregated,
    Queued,
)
from gateway.simulation.policy import Policy

OURS: Final = Gatehouse.name
ORACLE: Final = Oracle.name

POLICIES: Final[Mapping[str, Callable[[int], Policy]]] = {
    Gatehouse.name: Gatehouse,
    RandomChoice.name: RandomChoice,
    RoundRobin.name: RoundRobin,
    LeastRequest.name: LeastRequest,
    WeightedScorers.name: WeightedScorers,
    StickyUntilSaturated.name: StickyUntilSaturated,
    AibrixPrefix.name: AibrixPrefix,
    CacheAware.name: CacheAware,
    Lmetric.name: Lmetric,
    DynamoCost.name: DynamoCost,
    ProductionStackPrefix.name: ProductionStackPrefix,
    Oracle.name: Oracle,
}

VARIANTS: Final[Mapping[str, Callable[[int], Policy]]] = {
    Queued.name: Queued,
    Holdback.name: Holdback,
    AlwaysDisaggregated.name: AlwaysDisaggregated,
    NeverDisaggregated.name: NeverDisaggregated,
    TwoSharing.name: TwoSharing,
    TwoApart.name: TwoApart,
}
"""Ours in other settings: they explain ours, and are no part of what it is compared with."""

QUEUED: Final = Queued.name
HOLDBACK: Final = Holdback.name
FIXED: Final = (AlwaysDisaggregated.name, NeverDisaggregated.name)
"""The two ways to do without a decider."""

REPLICATED: Final = (TwoSharing.name, TwoApart.name)
"""Two gateways instead of one."""

ALL: Final = {**POLICIES, **VARIANTS}

PEERS: Final = tuple(name for name in POLICIES if name not in {OURS, ORACLE})
