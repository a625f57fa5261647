"""Keeps endpoints that prefill."""

from collections.abc import Sequence
from random import Random

from gateway.model.demand import Demand
from gateway.picker.plugins.base import Filter, NoParameters
from gateway.picker.plugins.stages import stages_of
from gateway.picker.profile import Candidate

Parameters = NoParameters


class PrefillFilter(Filter):
    """By `stages_of` (llm-d v0.10, prefill-filter)."""

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """See the module."""
        del demand, now
        return [c for c in candidates if "prefill" in stages_of(c.state.endpoint)]


def plugin(parameters: Parameters, random: Random) -> Filter:
    """The filter; nothing in it is random."""
    del parameters, random
    return PrefillFilter()
