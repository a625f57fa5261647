"""Endpoints whose label means prompts of this length first; 0.5 without the label."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import Scorer
from gateway.picker.plugins.contextrange import Parameters, range_of
from gateway.picker.profile import Candidate


class ContextLengthAwareScorer(Scorer):
    """By `ContextRange.score` (llm-d v0.10, context-length-aware)."""

    def __init__(self, parameters: Parameters) -> None:
        self._label = parameters.label

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        return [self._one(candidate) for candidate in candidates]

    def _one(self, candidate: Candidate) -> float:
        try:
            meant = range_of(candidate.state.endpoint.labels, self._label)
        except ValueError:
            return 0.0
        return 0.5 if meant is None else meant.score(candidate.prompt_tokens)


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return ContextLengthAwareScorer(parameters)
