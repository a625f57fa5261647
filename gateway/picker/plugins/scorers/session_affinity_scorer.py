"""1.0 for the endpoint that serves the request's session, 0 for the others."""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Scorer
from gateway.picker.plugins.sessions import SessionTable
from gateway.picker.profile import Candidate


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """A session is forgotten `ttl` seconds after its last request; at most `capacity` are kept."""

    ttl: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    capacity: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000


class SessionAffinityScorer(Scorer):
    """By `Demand.session` (llm-d v0.10, session-affinity-scorer with strategy session_id)."""

    def __init__(self, parameters: Parameters) -> None:
        self._sessions = SessionTable(parameters.ttl, parameters.capacity)

    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """See the module."""
        bound = self._sessions.find(demand, candidates, now)
        return [float(position == bound) for position in range(len(candidates))]

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:
        """Binds the session."""
        self._sessions.placed(demand, candidate, now)


def plugin(parameters: Parameters, random: Random) -> Scorer:
    """The scorer; nothing in it is random."""
    del random
    return SessionAffinityScorer(parameters)
