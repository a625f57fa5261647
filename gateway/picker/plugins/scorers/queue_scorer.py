"""Fewest waiting requests first: (max - waiting) / (max - min), 1.0 if all are equal."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import NoParameters, Scorer
from gateway.picker.plugins.neutral import least_best
from gateway.picker.profile import Candidate

Parameters = NoParameters


class QueueScorer(Scorer):
    """By the newest scrape (llm-d v0.10, queue-scorer)."""

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        loads = [candidate.state.load for candidate in candidates]
        return least_best([load.waiting if load else None for load in loads])


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del parameters, random
    return QueueScorer()
