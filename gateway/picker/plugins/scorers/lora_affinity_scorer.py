"""Servers that run the adapter first: running 1.0, room for it 0.8, waiting for it 0.6, else 0."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import NoParameters, Scorer
from gateway.picker.plugins.neutral import filled
from gateway.picker.profile import Candidate

Parameters = NoParameters


class LoraAffinityScorer(Scorer):
    """By the newest scrape (llm-d v0.10, lora-affinity-scorer). A server that tells nothing of
    adapters is unknown here, where llm-d gives it 0."""

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del now
        return filled([_one(candidate, demand.model) for candidate in candidates])


def _one(candidate: Candidate, model: str) -> float | None:
    load = candidate.state.load
    if load is None or load.max_adapters is None:
        return None
    if model in load.running_adapters:
        return 1.0
    if len(load.running_adapters) + len(load.waiting_adapters) < load.max_adapters:
        return 0.8
    return 0.6 if model in load.waiting_adapters else 0.0


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del parameters, random
    return LoraAffinityScorer()
