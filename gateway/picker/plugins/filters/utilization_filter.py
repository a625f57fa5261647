"""Keeps endpoints that are below every given bound."""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.plugins.base import STRICT, Filter
from gateway.picker.profile import Candidate

Bound = Annotated[float | None, Field(ge=0)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """The most that each may be: `active_requests` by the gateway's own count, `running_requests`,
    `waiting_queue` and `kv_cache_utilization` (0 to 1) by the newest scrape. With
    `fallback_on_empty` all candidates stay if none is below."""

    active_requests: Bound = None
    running_requests: Bound = None
    waiting_queue: Bound = None
    kv_cache_utilization: Annotated[float | None, Field(ge=0, le=1)] = None
    fallback_on_empty: bool = False


class UtilizationFilter(Filter):
    """Bounds are and-ed (llm-d v0.10, utilization-filter). What a server has not told keeps it in,
    where llm-d counts it as full."""

    def __init__(self, parameters: Parameters) -> None:
        self._most = parameters

    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """See the module."""
        del demand, now
        kept = [candidate for candidate in candidates if self._below(candidate)]
        return kept if kept or not self._most.fallback_on_empty else candidates

    def _below(self, candidate: Candidate) -> bool:
        most, load = self._most, candidate.state.load
        return (
            _within(candidate.state.in_flight.requests, most.active_requests)
            and _within(load.running if load else None, most.running_requests)
            and _within(load.waiting if load else None, most.waiting_queue)
            and _within(load.kv_usage if load else None, most.kv_cache_utilization)
        )


def _within(amount: float | None, most: float | None) -> bool:
    return amount is None or most is None or amount <= most


def plugin(parameters: Parameters, random: Random) -> Filter:
    """The filter; nothing in it is random."""
    del random
    return UtilizationFilter(parameters)
