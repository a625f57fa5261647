"""Keeps endpoints whose label allows prompts of this length, and those without the label."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import Filter
from gateway.picker.plugins.contextrange import Parameters, range_of
from gateway.picker.profile import Candidate


class ContextLengthAwareFilter(Filter):
    """llm-d v0.10, context-length-aware with enableFiltering: a label that is no range leaves its
    endpoint out."""

    def __init__(self, parameters: Parameters) -> None:
        self._label = parameters.label

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """See the module."""
        del demand, now
        return [candidate for candidate in candidates if self._allows(candidate)]

    def _allows(self, candidate: Candidate) -> bool:
        try:
            meant = range_of(candidate.state.endpoint.labels, self._label)
        except ValueError:
            return False
        return meant is None or meant.holds(candidate.prompt_tokens)


def plugin(parameters: Parameters, random: Random) -> Filter:
    """The filter; nothing in it is random."""
    del random
    return ContextLengthAwareFilter(parameters)
