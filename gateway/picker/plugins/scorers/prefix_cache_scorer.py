"""Most of the prompt cached first: the cached share, or in part the square of its length."""

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
    """`match_length_weight` is the part of the score that counts cached tokens and not their share;
    `match_length_scale_tokens` are as good as any number of them."""

    match_length_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    match_length_scale_tokens: Annotated[int, Field(ge=1)] = 8192


class PrefixCacheScorer(Scorer):
    """w * min(1, cached / scale)^2 + (1 - w) * cached / total (llm-d v0.10, prefix-cache-scorer)
    over the gateway's own prefix index."""

    def __init__(self, parameters: Parameters) -> None:
        self._weight = parameters.match_length_weight
        self._scale = parameters.match_length_scale_tokens

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        return [self._one(candidate) for candidate in candidates]

    def _one(self, candidate: Candidate) -> float:
        if candidate.prompt_tokens <= 0:
            return 0.0
        share = candidate.cached_tokens / candidate.prompt_tokens
        length = min(1.0, candidate.cached_tokens / self._scale) ** 2
        return self._weight * length + (1 - self._weight) * share


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return PrefixCacheScorer(parameters)
