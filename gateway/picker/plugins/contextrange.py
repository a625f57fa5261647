"""Prompt lengths that an endpoint is meant for, from its label. Pure: no I/O, no clock."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from gateway.picker.plugins.base import STRICT

_RANGE: Final = re.compile(r"\s*(\d{1,15})\s*-\s*(\d{1,15})\s*", re.ASCII)
_OUTSIDE: Final = 0.3


@dataclass(frozen=True, slots=True, config=STRICT)
class Parameters:
    """`label` names the label, whose value is "min-max" in tokens, both included."""

    label: Annotated[str, Field(min_length=1)] = "llm-d.ai/context-length-range"


class ContextRange(NamedTuple):
    """From `least` to `most` tokens."""

    least: int
    most: int

    def holds(self, tokens: int) -> bool:
        """Whether a prompt of so many tokens is meant."""
        return self.least <= tokens <= self.most

    def score(self, tokens: int) -> float:
        """0.3 to 1 within, tighter ranges with more room above the prompt higher; below 0.3
        outside, the nearer the higher (llm-d v0.10, context-length-aware)."""
        if not self.holds(tokens):
            distance = max(tokens - self.most, self.least - tokens)
            return _OUTSIDE / (1 + distance / 1000)
        width = self.most - self.least
        if width == 0:
            return 1.0
        fit = 0.7 / (1 + width / 10_000) + 0.3 * (self.most - tokens) / width
        return _OUTSIDE + (1 - _OUTSIDE) * fit


def range_of(labels: Mapping[str, str], label: str) -> ContextRange | None:
    """The range in `label`, None without the label. ValueError if it is no range."""
    text = labels.get(label)
    return None if text is None else _read(text)


@lru_cache(4096)  # a pick asks it of every endpoint, and labels do not change
def _read(text: str) -> ContextRange:
    found = _RANGE.fullmatch(text)
    if not found or int(found[1]) > int(found[2]):
        raise ValueError("not a range min-max")
    return ContextRange(int(found[1]), int(found[2]))
