"""Spreads cold requests: whoever got one longest ago first, those that never got one before."""

from collections import OrderedDict
from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Scorer
from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """`lru_size` is how many endpoints are remembered."""

    lru_size: Annotated[int, Field(ge=1, le=1_000_000)] = 1024


class NoHitLruScorer(Scorer):
    """0.5 for all if any candidate has some of the prompt cached; else 1 - rank / (n - 1) (llm-d
    v0.10, no-hit-lru-scorer). Ranks are among the candidates, where llm-d ranks among all that it
    remembers and so scores several of a subset 0."""

    def __init__(self, parameters: Parameters) -> None:
        self._size = parameters.lru_size
        self._served: OrderedDict[str, None] = OrderedDict()  # longest ago first
        self._cold = False

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        self._cold = not any(candidate.cached_tokens > 0 for candidate in candidates)
        if not self._cold:
            return [0.5] * len(candidates)
        if len(candidates) <= 1:
            return [1.0] * len(candidates)
        age = {address: position for position, address in enumerate(self._served)}
        ages = [age.get(candidate.address, -1) for candidate in candidates]
        ranked = sorted(range(len(candidates)), key=ages.__getitem__)
        scores = [0.0] * len(candidates)
        for rank, position in enumerate(ranked):
            scores[position] = 1 - rank / (len(candidates) - 1)
        return scores

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Remembers who got a cold request, of the ranking in the same step."""
        del demand, now
        if not self._cold:
            return
        self._served[candidate.address] = None
        self._served.move_to_end(candidate.address)
        if len(self._served) > self._size:
            self._served.popitem(last=False)


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return NoHitLruScorer(parameters)
