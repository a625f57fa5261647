"""What a detector must offer. Pure: no I/O, no clock.

A detector is one file of gateway/guardrails/detectors that looks for one kind of thing and has a
constant `DETECTOR`; its name is what `detectors` of a Guardrail document names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.config.section import Section
from gateway.guardrails.pattern import Pattern
from gateway.model.finding import Levels
from gateway.model.passage import Part


class NoOptions(Section):
    """For a detector that needs to be told nothing."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A category and its score, 0 to 1, of a stretch of text."""

    category: str
    score: float


ScoreWindow = Callable[[str], tuple[Scored, ...]]
"""Scores one window of normal text (WINDOW characters at most, on a grid of STEP)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A detector with the options of one Guardrail.

    `patterns` are searched in every text, `window` scores windows of 1,024 characters at every
    512th. `parts` are those that it looks at where the Guardrail names none; None for all. What is
    searched in is bounded by the engine.
    """

    patterns: tuple[Pattern, ...] = ()
    window: ScoreWindow | None = None
    parts: frozenset[Part] | None = None


OptionsT = TypeVar("OptionsT", bound=Section)


@dataclass(frozen=True, slots=True)
class Detector(Generic[OptionsT]):
    """One kind of thing to look for.

    `categories` are the types of its findings with a line that describes each; `levels` say which
    scores are LOW, MEDIUM and HIGH. `prepare` takes the options of a Guardrail, validated as
    `options`; it raises ValueError with a text for the author of the document.
    """

    name: str
    summary: str
    categories: Mapping[str, str]
    options: type[OptionsT]
    prepare: Callable[[OptionsT], Prepared]
    levels: Levels = field(default_factory=Levels)
