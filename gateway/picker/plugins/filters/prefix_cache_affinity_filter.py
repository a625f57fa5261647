"""Sticky until saturated: keeps endpoints with the prompt cached, until others are far less busy.

From llm-d v0.10 and its article "Sticky until saturated" (2026-08-17).
"""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Filter
from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """An endpoint is sticky from a cached share of `affinity_threshold` on. When the least busy
    sticky one would begin more than `max_ttft_penalty_ms` after the least busy other one (0:
    never), all are kept; so they are with `exploration_probability`. `peak_prefill_throughput` in
    tokens per second turns tokens in flight into time; the default is Qwen3-32B on two H100."""

    affinity_threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    exploration_probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_ttft_penalty_ms: Annotated[float, Field(ge=0)] = 18_000.0
    peak_prefill_throughput: Annotated[float, Field(gt=0)] = 15_928.0


class PrefixCacheAffinityFilter(Filter):
    """With ttftSource prefillThroughput: the gateway's exact count of uncached tokens in flight is
    the signal, so it is never missing."""

    def __init__(self, parameters: Parameters, random: Random) -> None:
        self._parameters = parameters
        self._random = random

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """See the module."""
        del demand, now
        threshold = self._parameters.affinity_threshold
        if len(candidates) <= 1 or threshold <= 0 or self._explores():
            return candidates
        sticky = [c for c in candidates if _share(c) >= threshold]
        others = [c for c in candidates if _share(c) < threshold]
        if not sticky or (others and self._saturated(sticky, others)):
            return candidates
        return sticky

    def _explores(self) -> bool:
        probability = self._parameters.exploration_probability
        return probability > 0 and self._random.random() < probability

    def _saturated(self, sticky: Sequence[Candidate], others: Sequence[Candidate]) -> bool:
        most = self._parameters.max_ttft_penalty_ms
        return most > 0 and self._wait(sticky) - self._wait(others) > most

    def _wait(self, candidates: Sequence[Candidate]) -> float:
        """Milliseconds until the least busy of them has prefilled what is in flight."""
        tokens = min(candidate.state.in_flight.prefill_tokens for candidate in candidates)
        return tokens / self._parameters.peak_prefill_throughput * 1000


def _share(candidate: Candidate) -> float:
    total = candidate.prompt_tokens
    return candidate.cached_tokens / total if total > 0 else 0.0


def plugin(parameters: Parameters, random: Random) -> Filter:
    """The filter, exploring by `random`."""
    return PrefixCacheAffinityFilter(parameters, random)
