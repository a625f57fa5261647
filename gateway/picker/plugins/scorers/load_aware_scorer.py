"""0.5 for an empty queue, falling to 0 at `threshold` waiting requests."""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Scorer
from gateway.picker.plugins.neutral import filled
from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """`threshold` is the number of waiting requests that counts as full."""

    threshold: Annotated[int, Field(ge=1)] = 128


class LoadAwareScorer(Scorer):
    """By the newest scrape (llm-d v0.10, load-aware-scorer)."""

    def __init__(self, parameters: Parameters) -> None:
        self._threshold = parameters.threshold

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        return filled([self._one(candidate) for candidate in candidates])

    def _one(self, candidate: Candidate) -> float | None:
        load = candidate.state.load
        if load is None or load.waiting is None:
            return None
        return 0.5 * (1 - min(load.waiting, self._threshold) / self._threshold)


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return LoadAwareScorer(parameters)
