"""The linear scorer: the sum of the weights of a window's n-grams, on the scale of levels.

Pure but for reading its own weights once: no clock. The weights and thresholds are made by
`python -m benchmarks.guardrails.training`; CARD.md tells from what, and how good they are.
"""

import json
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, repeat
from typing import Final, cast

from gateway.guardrails.scorer.features import Ngram, Word, words
from gateway.model.finding import Levels

FORMAT: Final = 1
UNITS: Final = 1_000
"""Weights, bias and thresholds are whole numbers of 1/UNITS."""

_LEVELS: Final = Levels()
_UNKNOWN: Final = 0
"""The number of every word that no weight names."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The margins from which on a window is LOW, MEDIUM or HIGH, ascending."""

    low: int
    medium: int
    high: int


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of n-grams, which count once however often they are in a window. Words are numbers
    inside, which halves the cost of looking pairs and triples up."""

    bias: int
    thresholds: Thresholds
    weights: Mapping[Ngram, int] = field(repr=False)
    _numbers: Mapping[Word, int] = field(repr=False)
    _ones: Mapping[int, int] = field(repr=False)
    _twos: Mapping[tuple[int, int], int] = field(repr=False)
    _threes: Mapping[tuple[int, int, int], int] = field(repr=False)

    def margin(self, window: str) -> int:
        """How far on the attacks' side a window of normal text is, in 1/UNITS; negative on the
        other side."""
        found = list(map(self._numbers.get, words(window), repeat(_UNKNOWN)))
        pairs = set(pairwise(found))
        triples = set(zip(found, found[1:], found[2:], strict=False))
        return (
            self.bias
            + sum(filter(None, map(self._ones.get, set(found))))
            + sum(filter(None, map(self._twos.get, pairs)))
            + sum(filter(None, map(self._threes.get, triples)))
        )

    def score(self, window: str) -> float:
        """The score of a window, 0 to 1: monotone in its margin, with the thresholds at the scores
        of the levels."""
        return _scaled(self.margin(window), self.thresholds)


def linear(bias: int, thresholds: Thresholds, weights: Mapping[Ngram, int]) -> Linear:
    """A scorer of weights by their n-grams. ValueError for thresholds that do not ascend
    and for n-grams that are too long."""
    if not thresholds.low < thresholds.medium < thresholds.high:
        raise ValueError("thresholds of the scorer have to ascend")
    numbers: dict[Word, int] = {}
    ones: dict[int, int] = {}
    twos: dict[tuple[int, int], int] = {}
    threes: dict[tuple[int, int, int], int] = {}
    for ngram, weight in weights.items():
        of = [numbers.setdefault(word, len(numbers) + 1) for word in ngram]
        match of:
            case [one]:
                ones[one] = weight
            case [one, two]:
                twos[one, two] = weight
            case [one, two, three]:
                threes[one, two, three] = weight
            case _:
                raise ValueError("an n-gram of the scorer has one to three words")
    return Linear(bias, thresholds, weights, numbers, ones, twos, threes)


def dumped(made: Linear) -> bytes:
    """The artefact: a line of JSON, then a line of an n-gram, a tab and a weight for each."""
    thresholds = made.thresholds
    head = {
        "format": FORMAT,
        "bias": made.bias,
        "low": thresholds.low,
        "medium": thresholds.medium,
        "high": thresholds.high,
    }
    weights = sorted(made.weights.items())
    lines = (b" ".join(ngram) + b"\t%d\n" % weight for ngram, weight in weights)
    return json.dumps(head).encode() + b"\n" + b"".join(lines)


def loaded(data: bytes) -> Linear:
    """The scorer of an artefact. ValueError where it is none, or of another format."""
    first, *lines = data.splitlines()
    head = cast("object", json.loads(first))
    if not isinstance(head, dict):
        raise ValueError("the scorer's first line is no object")  # noqa: TRY004 - malformed data
    numbers = cast("dict[str, object]", head)
    if numbers.get("format") != FORMAT:
        raise ValueError(f"the scorer is not of format {FORMAT}")

    def number(name: str) -> int:
        value = numbers.get(name)
        if not isinstance(value, int):
            raise ValueError(f"the scorer has no {name}")  # noqa: TRY004 - malformed data
        return value

    weights: dict[Ngram, int] = {}
    for line in lines:
        ngram, _, weight = line.rpartition(b"\t")
        weights[tuple(ngram.split(b" "))] = int(weight)
    thresholds = Thresholds(number("low"), number("medium"), number("high"))
    return linear(number("bias"), thresholds, weights)


@cache
def shipped() -> Linear:
    """The scorer that is part of the package. FileNotFoundError where it was left out."""
    data = pkgutil.get_data(__package__ or "", "weights.tsv")
    if data is None:
        raise FileNotFoundError("weights.tsv")
    return loaded(data)


def _scaled(margin: int, at: Thresholds) -> float:
    """Straight between thresholds; towards 0 and 1 beyond them, never there."""
    width = at.high - at.low
    if margin < at.low:
        return _LEVELS.low * math.exp((margin - at.low) / width)
    if margin >= at.high:
        return 1 - (1 - _LEVELS.high) * math.exp((at.high - margin) / width)
    if margin < at.medium:
        share = (margin - at.low) / (at.medium - at.low)
        return _LEVELS.low + share * (_LEVELS.medium - _LEVELS.low)
    share = (margin - at.medium) / (at.high - at.medium)
    return _LEVELS.medium + share * (_LEVELS.high - _LEVELS.medium)
