"""What a plugin must offer. Pure: no I/O, no clock; randomness comes seeded from outside."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from gateway.model.demand import Demand
from gateway.picker.profile import Candidate

STRICT: Final = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
"""Of every dataclass of parameters: an unknown one is an error, and nothing is coerced."""


@dataclass(frozen=True, slots=True, config=STRICT)
class NoParameters:
    """Of a plugin that has none."""


class _Told(ABC):  # noqa: B024  its subclasses have the abstract methods
    """Hears of placements. Most plugins keep nothing."""

    def placed(self, demand: Demand, candidate: Candidate, now: float) -> None:  # noqa: B027
        """`demand` went to `candidate`, in the same step as its ranking; `now` is in seconds."""


class Filter(_Told):
    """Leaves candidates out."""

    @abstractmethod
    def keep(
        self, demand: Demand, candidates: Sequence[Candidate], now: float
    ) -> Sequence[Candidate]:
        """Those of `candidates` that may serve, in their order; `now` is in seconds."""


class Scorer(_Told):
    """Says how well each candidate suits."""

    @abstractmethod
    def score(self, demand: Demand, candidates: Sequence[Candidate], now: float) -> list[float]:
        """One number for each candidate, 0 (worst) to 1; the profile clamps it. `now` is in
        seconds."""


class Picker(_Told):
    """Orders candidates by their scores."""

    @abstractmethod
    def order(self, scores: Sequence[float], addresses: Sequence[str]) -> list[int]:
        """Positions in `scores`, the pick first, then the fallbacks. A picker may leave some out,
        but not all. `addresses` belong to the scores."""
