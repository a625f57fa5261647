"""What of a simulation is reported: one row for all of it, and one for each stage."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from gateway.simulation.request import Outcome
from gateway.simulation.simulation import Trace
from gateway.simulation.workload import Workload

HOPELESS = 1e6
"""Seconds that stand for an answer that never came, or whose client gave up, in percentiles."""


@dataclass(frozen=True, slots=True)
class Row:
    """Times are seconds. `goodput` is requests per second that kept both SLOs, `rate` what was
    offered, `imbalance` the most requests in flight on an endpoint over the mean, averaged over
    arrivals, `output_rate` tokens per second until the last request ended, `server_ms` what 1,000
    of them cost in milliseconds of busy servers, `hit_rate` cached over all prompt tokens. `errors`
    are answers that did not come whole, `timeouts` those of them whose clients gave up,
    `other_rate` tokens per second of answers that are not measured, `relayed` the share of
    placements in the whole run whose prefill was somewhere else."""

    rate: float
    requests: int
    errors: int
    ttft_p50: float
    ttft_p90: float
    ttft_p95: float
    ttft_p99: float
    ttft_mean: float
    e2e_p50: float
    e2e_p90: float
    tpot_p50: float
    goodput: float
    hit_rate: float
    imbalance: float
    output_rate: float
    server_ms: float
    preemptions: int
    timeouts: int
    other_rate: float
    relayed: float


@dataclass(frozen=True, slots=True)
class Run:
    """A policy in a cell with a seed: the row of all measured requests, and those of stages if
    there are several."""

    policy: str
    cell: str
    seed: int
    total: Row
    stages: tuple[Row, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def run_of(document: dict[str, Any]) -> Run:
    """The inverse of `Run.document`."""
    stages = tuple(Row(**row) for row in document["stages"])
    total = Row(**document["total"])
    return Run(document["policy"], document["cell"], document["seed"], total, stages)


def measured(policy: str, cell: str, seed: int, workload: Workload, trace: Trace) -> Run:
    """What a simulation showed."""
    outcomes = [each for each in trace.outcomes if each.request.measured]
    stages = sorted({each.request.stage for each in outcomes})
    imbalance = float(np.mean(trace.imbalance))
    rates = {stage: (workload.rates[stage] if workload.rates else 0.0) for stage in stages}
    rows: list[Row] = []
    for stage in stages:
        here = [each for each in outcomes if each.request.stage == stage]
        span = trace.stages[stage]
        part = _Part(rates[stage], span.ended - span.began, span.busy, imbalance, span.other)
        rows.append(_row(workload, here, part))
    spans = [trace.stages[stage] for stage in stages]
    part = _Part(
        rates[stages[0]] if len(stages) == 1 else 0.0,
        sum(span.ended - span.began for span in spans),
        sum(span.busy for span in spans),
        imbalance,
        sum(span.other for span in spans),
        trace.preemptions,
        trace.relayed / max(len(trace.imbalance), 1),
    )
    total = _row(workload, outcomes, part)
    return Run(policy, cell, seed, total, tuple(rows) if len(rows) > 1 else ())


class _Part(NamedTuple):
    """What of a row does not come from single requests."""

    rate: float
    seconds: float
    busy: float
    imbalance: float
    other: int
    preemptions: int = 0
    relayed: float = 0.0


def _row(workload: Workload, outcomes: Sequence[Outcome], part: _Part) -> Row:
    firsts = np.array(
        [HOPELESS if each.timed_out else min(each.ttft, HOPELESS) for each in outcomes]
    )
    whole = np.array([min(each.e2e, HOPELESS) for each in outcomes])
    paces = np.array([min(each.tpot, HOPELESS) for each in outcomes])
    served = [each for each in outcomes if each.last is not None]
    output = sum(each.request.output for each in served)
    prompts = sum(each.request.prompt.tokens for each in served)
    good = np.sum((firsts <= workload.ttft_slo) & (paces <= workload.tpot_slo))
    return Row(
        rate=part.rate,
        requests=len(outcomes),
        errors=sum(each.failed for each in outcomes),
        ttft_p50=float(np.percentile(firsts, 50)),
        ttft_p90=float(np.percentile(firsts, 90)),
        ttft_p95=float(np.percentile(firsts, 95)),
        ttft_p99=float(np.percentile(firsts, 99)),
        ttft_mean=float(np.mean([each.ttft for each in served])) if served else HOPELESS,
        e2e_p50=float(np.percentile(whole, 50)),
        e2e_p90=float(np.percentile(whole, 90)),
        tpot_p50=float(np.percentile(paces, 50)),
        goodput=float(good) / part.seconds,
        hit_rate=sum(each.cached for each in served) / max(prompts, 1),
        imbalance=part.imbalance,
        output_rate=output / part.seconds,
        server_ms=part.busy * 1e3 / max(output / 1000, 1e-9),
        preemptions=part.preemptions,
        timeouts=sum(each.timed_out for each in outcomes),
        other_rate=part.other / part.seconds,
        relayed=part.relayed,
    )
