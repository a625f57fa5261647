"""Any candidate, whatever its score."""

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


class RandomPicker(Picker):
    """Every order is equally likely (llm-d v0.10, random-picker)."""

    def __init__(self, parameters: Parameters, random: Random) -> None:
        self._most = parameters.max_num_of_endpoints
        self._random = random

    def order(self, scores: Sequence[float], addresses: Sequence[str]) -> list[int]:
        """See the module."""
        del addresses
        order = list(range(len(scores)))
        self._random.shuffle(order)
        return order[: self._most]


def plugin(parameters: Parameters, random: Random) -> Picker:
    """The picker, by `random`."""
    return RandomPicker(parameters, random)
