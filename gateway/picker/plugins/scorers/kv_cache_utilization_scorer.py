"""Most free KV cache first: 1 - usage."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import NoParameters, Scorer
from gateway.picker.plugins.neutral import filled
from gateway.picker.profile import Candidate

Parameters = NoParameters


class KvCacheUtilizationScorer(Scorer):
    """By the newest scrape (llm-d v0.10, kv-cache-utilization-scorer)."""

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        return filled([_free(candidate) for candidate in candidates])


def _free(candidate: Candidate) -> float | None:
    load = candidate.state.load
    return None if load is None or load.kv_usage is None else 1 - load.kv_usage


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del parameters, random
    return KvCacheUtilizationScorer()
