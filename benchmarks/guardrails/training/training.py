"""From texts to a scorer: vocabulary, weights, thresholds. The same texts give the same bytes."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from benchmarks.guardrails.training import corpus
from benchmarks.guardrails.training.corpus import Text
from benchmarks.guardrails.training.logistic import Floats, Ints, Rows, fit
from gateway.guardrails.normal import normalised
from gateway.guardrails.scorer.features import Ngram, ngrams
from gateway.guardrails.scorer.linear import UNITS, Linear, Thresholds, linear
from gateway.guardrails.windows import STEP, WINDOW

VOCABULARY: Final = 12_000
"""N-grams that are kept: those whose weights, by how often they occur, count most."""

SEEN: Final = 3
"""Windows that an n-gram must be in."""

PENALTY: Final = 3e-4
FOLDS: Final = 4
MOST_WINDOWS: Final = 6
"""Windows of one attack that are trained on; the rest of a long one may be ordinary."""

SHARES: Final = (0.05, 0.01, 0.002)
"""Of ordinary texts, how many may be LOW and above, MEDIUM and above, HIGH."""

_FEW_ROUNDS: Final = 25
"""Enough to see which n-grams count."""

_ROUNDS: Final = 80
_MADE: Final = (corpus.GENERATED_BENIGN, corpus.MORE_LIBRARY)
_UNFITTED: Final = Thresholds(0, 1, 2)


@dataclass(frozen=True, slots=True)
class _Window:
    ngrams: frozenset[Ngram]
    attack: bool
    source: str


@cache
def windows(text: str) -> tuple[str, ...]:
    """The windows of a text's normal form, on the grid of the gateway."""
    normal = normalised(text).text
    return tuple(normal[at : at + WINDOW] for at in range(0, max(len(normal) - STEP, 1), STEP))


def margin(model: Linear, text: str) -> int:
    """The greatest margin of a text's windows."""
    return max(model.margin(window) for window in windows(text))


def trained(texts: Sequence[Text], seed: int) -> Linear:
    """A scorer of the texts that are to be fitted, with thresholds from scores of texts by models
    that were trained without them (FOLDS parts of the texts)."""
    fitted = [text for text in texts if text.fits]
    weights, bias = _weights(fitted, seed)
    return linear(bias, thresholds(out_of_fold(fitted, seed)), weights)


def out_of_fold(texts: Sequence[Text], seed: int) -> list[tuple[Text, int]]:
    """Every text with its margin by a model that was trained on the other folds."""
    scored: list[tuple[Text, int]] = []
    for fold in range(FOLDS):
        rest = [text for text in texts if _fold(text) != fold]
        weights, bias = _weights(rest, seed)
        model = linear(bias, _UNFITTED, weights)
        scored += [(text, margin(model, text.text)) for text in texts if _fold(text) == fold]
    return scored


def thresholds(scored: Iterable[tuple[Text, int]]) -> Thresholds:
    """For each level the margin that no more than its share of the ordinary texts of files and of
    the pieces of the library, taken together, reach."""
    spared = [value for text, value in scored if not text.attack and text.source not in _MADE]
    low, medium, high = (cutoff(spared, share) for share in SHARES)
    medium = max(medium, low + 1)
    return Thresholds(low, medium, max(high, medium + 1))


def cutoff(values: Sequence[int], share: float) -> int:
    """The least margin that at most `share` of the values reach."""
    ordered = sorted(values, reverse=True)
    return ordered[int(share * len(ordered))] + 1


def _fold(text: Text) -> int:
    return hashlib.sha256(text.text.encode("utf-8", "replace")).digest()[1] % FOLDS


def _weights(texts: Sequence[Text], seed: int) -> tuple[dict[Ngram, int], int]:
    """Weights of the n-grams that count, and the bias, in UNITS."""
    rows = list(_windowed(texts, seed))
    seen = Counter(ngram for row in rows for ngram in row.ngrams)
    frequent = sorted(ngram for ngram, count in seen.items() if count >= SEEN)
    first = _fitted(rows, frequent, _FEW_ROUNDS)
    influence = {
        ngram: abs(weight) * seen[ngram] ** 0.5
        for ngram, weight in zip(frequent, first[:-1], strict=True)
    }
    kept = sorted(sorted(frequent, key=lambda ngram: (-influence[ngram], ngram))[:VOCABULARY])
    last = _fitted(rows, kept, _ROUNDS)
    units = [round(float(weight) * UNITS) for weight in last]
    return {n: weight for n, weight in zip(kept, units[:-1], strict=True) if weight}, units[-1]


def _windowed(texts: Sequence[Text], seed: int) -> Iterator[_Window]:
    ordinary = [text for text in texts if not text.attack]
    attacks = [text for text in texts if text.attack]
    short = [attack for attack in attacks if len(attack.text) < WINDOW // 2]
    for text in (*ordinary, *attacks, *corpus.embedded(short, ordinary, seed)):
        cut = windows(text.text)
        for window in cut[:MOST_WINDOWS] if text.attack else cut:
            yield _Window(_ngrams(window), text.attack, text.source)


@cache
def _ngrams(window: str) -> frozenset[Ngram]:
    return frozenset(ngrams(window))


def _fitted(rows: Sequence[_Window], vocabulary: Sequence[Ngram], rounds: int) -> Floats:
    numbers = {ngram: number for number, ngram in enumerate(vocabulary)}
    labels = np.array([float(row.attack) for row in rows])
    return fit(_sparse(rows, numbers), labels, _importance(rows), PENALTY, rounds)


def _sparse(rows: Sequence[_Window], numbers: Mapping[Ngram, int]) -> Rows:
    columns: list[int] = []
    lengths: list[int] = []
    for row in rows:
        known = sorted(numbers[ngram] for ngram in row.ngrams & numbers.keys())
        columns += known
        lengths.append(len(known))
    row_of: Ints = np.repeat(np.arange(len(rows), dtype=np.int64), lengths)
    return Rows(row_of, np.array(columns, np.int64), np.ones(len(columns)), len(rows), len(numbers))


def _importance(rows: Sequence[_Window]) -> Floats:
    """Attacks and ordinary text weigh the same; within them a source by the root of its size, so
    that templates do not drown what people wrote."""
    sizes = Counter((row.source, row.attack) for row in rows)
    raw = np.array([sizes[row.source, row.attack] ** -0.5 for row in rows])
    attack = np.array([row.attack for row in rows], np.bool_)
    for side in (attack, ~attack):
        raw[side] *= 0.5 / float(raw[side].sum()) if side.any() else 1.0
    return raw
