"""Fewest tokens to prefill first: 1 - min(tokens, threshold) / threshold."""

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
    """`queue_threshold_tokens` is what counts as full; its default is 128 requests of 32 Ki."""

    queue_threshold_tokens: Annotated[int, Field(ge=1)] = 4_194_304


class TokenLoadScorer(Scorer):
    """Uncached tokens of what is in flight without a first token, and of this request on that
    endpoint (llm-d v0.10, token-load-scorer)."""

    def __init__(self, parameters: Parameters) -> None:
        self._full = parameters.queue_threshold_tokens

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        return [self._one(candidate) for candidate in candidates]

    def _one(self, candidate: Candidate) -> float:
        tokens = candidate.state.in_flight.prefill_tokens + candidate.uncached_tokens
        return 1 - min(tokens, self._full) / self._full


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return TokenLoadScorer(parameters)
