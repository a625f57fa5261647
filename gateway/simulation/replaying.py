"""One simulated run of a trace, and its figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Final

from gateway.config.endpoint_picker import EndpointPickerSpec
from gateway.picker.plan import PickerPlan, plan_of
from gateway.simulation.hardware import Server
from gateway.simulation.mooncake import Row, requests_of
from gateway.simulation.picking import ProductionPicker
from gateway.simulation.request import Outcome
from gateway.simulation.simulation import simulate
from gateway.simulation.workload import Workload

MOST_ENDPOINTS: Final = 200


class MisfitError(ValueError):
    """A request that is too long for the servers; the message says which."""


Progress = Callable[[str], None]
"""Is told what is simulated next."""


def silent(what: str) -> None:
    """Nobody is told."""
    del what


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run picks by: a name and the documents, of which it is one."""

    name: str
    documents: Mapping[str, EndpointPickerSpec]

    @property
    def plan(self) -> PickerPlan:
        """For the picker. Raises KeyError for a name that no document has."""
        return plan_of(self.name, self.documents)


@dataclass(frozen=True, slots=True)
class Fleet:
    """`endpoints` servers of one kind."""

    server: Server
    endpoints: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run showed: seconds (infinite: it did not come), `hit_rate` cached over all prompt
    tokens, `goodput` requests per second that kept the SLOs, `kept` their share of all requests,
    `errors` answers that did not come."""

    requests: int
    ttft_p50: float
    ttft_p90: float
    ttft_p95: float
    e2e_p90: float
    hit_rate: float
    goodput: float
    kept: float
    errors: int


def replayed(
    rows: Sequence[Row],
    profile: Profile,
    fleet: Fleet,
    *,
    speed: float = 1.0,
    seed: int = 0,
) -> list[Outcome]:
    """What became of each row, in order, on servers that begin cold; arrivals are
    `speed` times as fast. Raises MisfitError for a prompt that no such server can hold."""
    server = fleet.server
    longest = max(rows, key=lambda row: row.tokens + row.output)
    if longest.tokens + longest.output >= server.blocks * server.block:
        raise MisfitError(
            f"a request of {longest.tokens} tokens and {longest.output} of its answer does not fit "
            f"into a cache of {server.blocks * server.block} tokens"
        )
    workload = Workload([server] * fleet.endpoints, [requests_of(rows, speed)])
    return simulate(workload, ProductionPicker(seed, profile.plan)).outcomes


def figures_of(outcomes: Sequence[Outcome], ttft_slo: float, tpot_slo: float) -> Figures:
    """Of at least one outcome; the SLOs are seconds."""
    firsts = [each.ttft for each in outcomes if not each.failed]
    lasts = [each.e2e for each in outcomes if not each.failed]
    lost = [inf] * (len(outcomes) - len(firsts))
    good = sum(
        not each.failed and each.ttft <= ttft_slo and each.tpot <= tpot_slo for each in outcomes
    )
    begun = min(each.request.at for each in outcomes)
    ended = max((each.last for each in outcomes if each.last is not None), default=begun)
    prompts = sum(each.request.prompt.tokens for each in outcomes)
    return Figures(
        requests=len(outcomes),
        ttft_p50=percentile((*firsts, *lost), 0.5),
        ttft_p90=percentile((*firsts, *lost), 0.9),
        ttft_p95=percentile((*firsts, *lost), 0.95),
        e2e_p90=percentile((*lasts, *lost), 0.9),
        hit_rate=sum(each.cached for each in outcomes) / prompts,
        goodput=good / max(ended - begun, 1e-9),
        kept=good / len(outcomes),
        errors=len(lost),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` (at least one) that `share` of them, 0 to 1, do not exceed."""
    ordered = sorted(values)
    return ordered[max(ceil(share * len(ordered)), 1) - 1]
