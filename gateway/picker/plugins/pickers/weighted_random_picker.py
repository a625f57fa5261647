"""Any candidate, as likely as its score says."""

import math
from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.picker.plugins.base import STRICT, Picker


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """At most `max_num_of_endpoints` are named, the pick and its fallbacks; unset: all."""

    max_num_of_endpoints: Annotated[int, Field(ge=1)] | None = None


class WeightedRandomPicker(Picker):
    """Weighted sampling without replacement by A-Res (Efraimidis and Spirakis 2006; llm-d v0.10,
    weighted-random-picker): the greatest of U^(1/w) first. Whoever scores 0 comes after all
    others; if all do, any order is equally likely."""

    def __init__(self, parameters: Parameters, random: Random) -> None:
        self._most = parameters.max_num_of_endpoints
        self._random = random

    def order(self, scores: Sequence[float], addresses: Sequence[str]) -> list[int]:
        """See the module."""
        del addresses
        order = list(range(len(scores)))
        self._random.shuffle(order)  # breaks the ties among those that score 0
        keys = [self._key(score) for score in scores]
        order.sort(key=keys.__getitem__, reverse=True)
        return order[: self._most]

    def _key(self, weight: float) -> float:
        """The logarithm of U^(1/w), which small weights do not round down to 0."""
        return math.log(1 - self._random.random()) / weight if weight > 0 else -math.inf


def plugin(parameters: Parameters, random: Random) -> Picker:
    """The picker, by `random`."""
    return WeightedRandomPicker(parameters, random)
