"""Fewest requests in flight first: 1.0 when idle, else (max - count) / max * max_busy_score."""

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
    """Up to `idle_threshold` requests an endpoint counts as idle; a busy one scores at most
    `max_busy_score`."""

    idle_threshold: Annotated[int, Field(ge=0)] = 0
    max_busy_score: Annotated[float, Field(ge=0, le=1)] = 1.0


class ActiveRequestScorer(Scorer):
    """By the gateway's own counts, which are exact (llm-d v0.10, active-request-scorer)."""

    def __init__(self, parameters: Parameters) -> None:
        self._idle = parameters.idle_threshold
        self._busy = parameters.max_busy_score

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        del demand, now
        counts = [candidate.state.in_flight.requests for candidate in candidates]
        most = max(counts, default=0)
        return [
            1.0 if count <= self._idle else (most - count) / most * self._busy for count in counts
        ]


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return ActiveRequestScorer(parameters)
