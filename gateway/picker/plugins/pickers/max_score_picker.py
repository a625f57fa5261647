"""The best score first; equal ones take turns."""

from collections.abc import Sequence
from itertools import groupby
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.picker.plugins.base import STRICT, Picker


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """At most `max_num_of_endpoints` are named, the pick and its fallbacks; unset: all."""

    max_num_of_endpoints: Annotated[int, Field(ge=1)] | None = None


class MaxScorePicker(Picker):
    """Sorts first and then rotates each tier of equal scores by a counter, so that the turns are
    even (llm-d pull request 2709: rotating before sorting gave 7:1). llm-d names one endpoint
    unless told otherwise; here the others stay as fallbacks."""

    def __init__(self, parameters: Parameters) -> None:
        self._most = parameters.max_num_of_endpoints
        self._turn = 0

    def order(self, scores: Sequence[float], addresses: Sequence[str]) -> list[int]:
        """See the module."""
        ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], addresses[i]))
        order: list[int] = []
        for _, equal in groupby(ranked, key=scores.__getitem__):
            tier = list(equal)
            first = self._turn % len(tier)
            order += tier[first:] + tier[:first]
        self._turn += 1
        return order[: self._most]


def plugin(parameters: Parameters, random: Random) -> Picker:
    """The picker; nothing in it is random."""
    del random
    return MaxScorePicker(parameters)
