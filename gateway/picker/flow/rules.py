"""The settings of flow control. Defaults are those of llm-d router v0.10, unless said otherwise."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.picker.flow.ceilings import find_ceilings
from gateway.picker.flow.fairness import find_fairness
from gateway.picker.flow.ordering import find_ordering

Domain: TypeAlias = Literal["rank", "value"]


def _known(what: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise ValueError(f"no {what} is called {name!r}; there are {', '.join(sorted(known))}")


def _refuse(faults: Iterator[str]) -> None:
    if texts := list(faults):
        raise ValueError("; ".join(texts))


@dataclass(frozen=True, slots=True)
class BandRules:
    """What holds for the requests of one priority.

    At most `max_requests` of them wait, with at most `max_bytes` of bodies (None: no bound).
    `fairness` and `ordering` are names of policies. ValueError for what cannot be.
    """

    max_requests: int | None = 5000
    max_bytes: int | None = 1_000_000_000
    fairness: str = "global-strict"
    ordering: str = "fcfs"

    def __post_init__(self) -> None:
        _known("fairness policy", self.fairness, find_fairness())
        _known("ordering policy", self.ordering, find_ordering())
        _refuse(
            text
            for name, value in (("max_requests", self.max_requests), ("max_bytes", self.max_bytes))
            if value is not None and value < 0
            for text in (f"{name} of a band must not be negative",)
        )


@dataclass(frozen=True, slots=True)
class FlowRules:
    """How requests wait. Times are seconds.

    With `enabled` False nothing waits: only sheddable requests are dropped, of a saturated pool.
    A request waits at most `ttl`, one that found no endpoint at most `no_endpoint_ttl` (0: not at
    all; llm-d uses its ttl). `max_requests` and `max_bytes` bound all bands together. `bands` has
    the priorities that differ from `band`; naming a priority also gives it its rank when ceilings
    are computed, before it is first seen.

    `ceiling` names the policy that says up to which saturation each band is served:
    `priority-holdback` needs `min_ceiling`. `eviction` allows requests to be aborted that run on a
    model server, if they are sheddable and one of higher priority waits.

    A flow that did nothing for `flow_idle` is forgotten, a band for `band_idle`. At most
    `max_flows` flows are known, since clients name them; the requests of more share one flow.
    `half_life` is that of a flow's attained service, `service_weight` and `wait_weight` are what
    least-attained-service compares.

    No model server is sent more than it can run and `max_waiting` requests on top, as far as that
    is known, nor more than `max_in_flight` at a time (None: no such bound). `batch` requests are
    dispatched in one step at most, so that a long queue does not hold up the process; while
    something waits, another step is due every `recheck`.

    llm-d takes a server for full at 5 waiting requests. It asks every 50 ms; here what was sent
    since the newest scrape, up to a second ago, counts as waiting, and bursts are larger than 5.
    """

    enabled: bool = True
    ttl: float = 60.0
    no_endpoint_ttl: float = 0.0
    max_requests: int | None = None
    max_bytes: int | None = None
    band: BandRules = BandRules()
    bands: Mapping[int, BandRules] = field(default_factory=dict[int, BandRules])
    ceiling: str = "static"
    min_ceiling: float | None = None
    max_ceiling: float = 1.0
    domain: Domain = "rank"
    eviction: bool = False
    flow_idle: float = 300.0
    band_idle: float = 600.0
    max_flows: int = 10_000
    half_life: float = 60.0
    service_weight: float = 0.8
    wait_weight: float = 0.2
    max_waiting: int | None = 16
    max_in_flight: int | None = None
    batch: int = 32
    recheck: float = 0.05

    def __post_init__(self) -> None:
        _known("ceiling policy", self.ceiling, find_ceilings())
        _refuse(_faults(self))

    def of(self, priority: int) -> BandRules:
        """The rules of the band of `priority`."""
        return self.bands.get(priority, self.band)


def _faults(rules: FlowRules) -> Iterator[str]:
    for name in ("ttl", "flow_idle", "band_idle", "half_life", "recheck"):
        value: float = getattr(rules, name)
        if not (math.isfinite(value) and value > 0):
            yield f"{name} must be a positive number of seconds"
    if not (math.isfinite(rules.no_endpoint_ttl) and rules.no_endpoint_ttl >= 0):
        yield "no_endpoint_ttl must be a number of seconds, or 0"
    for name in ("max_requests", "max_bytes"):
        bound: int | None = getattr(rules, name)
        if bound is not None and bound < 0:
            yield f"{name} must not be negative"
    for name in ("max_flows", "max_waiting", "max_in_flight", "batch"):
        least: int | None = getattr(rules, name)
        if least is not None and least < 1:
            yield f"{name} must be at least 1"
    yield from _faults_of_weights(rules)
    yield from _faults_of_ceilings(rules)


def _faults_of_weights(rules: FlowRules) -> Iterator[str]:
    weights = (rules.service_weight, rules.wait_weight)
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) == 0:
        yield "service_weight and wait_weight must not be negative, nor both 0"


def _faults_of_ceilings(rules: FlowRules) -> Iterator[str]:
    if rules.domain not in ("rank", "value"):
        yield "domain must be rank or value"
    if not 0 < rules.max_ceiling <= 1:
        yield "max_ceiling must be over 0 and at most 1"
    if rules.min_ceiling is None:
        if rules.ceiling == "priority-holdback":
            yield "priority-holdback needs min_ceiling"
    elif not 0 <= rules.min_ceiling <= rules.max_ceiling:
        yield "min_ceiling must be between 0 and max_ceiling"
