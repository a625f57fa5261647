"""How good a scorer and the rules are: by source, by what was left out, by disguise."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.guardrails.training import corpus
from benchmarks.guardrails.training.corpus import Text
from benchmarks.guardrails.training.evasion import DISGUISES
from benchmarks.guardrails.training.training import cutoff, margin, windows
from gateway.guardrails.budget import Budget
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.scorer.families import Finder, patterns
from gateway.guardrails.scorer.injection import INJECTION
from gateway.guardrails.scorer.jailbreaking import JAILBREAKS
from gateway.guardrails.scorer.linear import Linear
from gateway.model.passage import Part

_FAMILIES: Final = (*INJECTION, *JAILBREAKS)
_DISGUISED: Final = 300
"""Attacks that the table of disguises is made from."""


def auc(positive: Sequence[int], negative: Sequence[int]) -> float:
    """The probability that a positive scores above a negative; a tie counts half."""
    below = np.sort(np.array(negative))
    left = np.searchsorted(below, positive, "left").sum()
    right = np.searchsorted(below, positive, "right").sum()
    return float(left + right) / (2 * len(positive) * len(negative))


def share(values: Sequence[int], least: int) -> float:
    """Of the values, how many are `least` or more."""
    return sum(value >= least for value in values) / len(values)


@dataclass(frozen=True, slots=True)
class Recall:
    """How attacks of a source fare: among ordinary texts of files that were not trained on."""

    source: str
    count: int
    auc: float
    medium: float
    at_one: float
    at_five: float


def recall(model: Linear, attacks: Sequence[Text], ordinary: Sequence[Text]) -> Recall:
    """Of attacks of one source. `ordinary` sets the margins of 1 % and 5 % false positives."""
    found = [margin(model, text.text) for text in attacks]
    spared = [margin(model, text.text) for text in ordinary]
    return Recall(
        attacks[0].source,
        len(attacks),
        auc(found, spared),
        share(found, model.thresholds.medium),
        share(found, cutoff(spared, 0.01)),
        share(found, cutoff(spared, 0.05)),
    )


def of_files(texts: Sequence[Text]) -> list[Text]:
    """The ordinary texts of files that were not trained on."""
    apart = (*corpus.LIBRARY, corpus.MORE_LIBRARY, corpus.GENERATED_BENIGN, corpus.TOOLS)
    return [
        text for text in texts if not text.attack and not text.fits and text.source not in apart
    ]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Of ordinary texts that were not trained on, which share is found: by the scorer at each
    level, by one match of a rule, by two families."""

    source: str
    count: int
    low: float
    medium: float
    high: float
    one: float
    two: float


def alarms(model: Linear, texts: Sequence[Text]) -> list[Alarm]:
    """False positives by source; of attacks of a source the same is what is found."""
    find, made = Finder(_FAMILIES).categories, list[Alarm]()
    for source in dict.fromkeys(text.source for text in texts):
        own = [text for text in texts if text.source == source]
        margins = [margin(model, text.text) for text in own]
        families = [max(len(find(window)) for window in windows(text.text)) for text in own]
        at = model.thresholds
        made.append(
            Alarm(
                source,
                len(own),
                *(share(margins, least) for least in (at.low, at.medium, at.high)),
                *(share(families, least) for least in (1, 2)),
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Evasion:
    """Which share of attacks is found as written (`raw`) and in its normal form, by the scorer at
    MEDIUM and by the rules; `engine` is the rules within the gateway's engine, which decodes."""

    disguise: str
    raw_scorer: float
    scorer: float
    raw_rules: float
    engine: float


def evasions(model: Linear, attacks: Sequence[Text]) -> list[Evasion]:
    """Of attacks that are found undisguised, by the scorer at MEDIUM and by the rules."""
    finder, medium = Finder(_FAMILIES), model.thresholds.medium
    find = finder.categories
    engine = PatternSet({"rules": patterns(_FAMILIES, finder)}, None)

    def by_engine(text: str) -> bool:
        return bool(engine.find(text, Part.USER, None, Budget()))

    def by_scorer(text: str) -> bool:
        return margin(model, text) >= medium

    known = [
        attack.text
        for attack in attacks
        if len(attack.text) < corpus.CHUNK and find(attack.text) and by_scorer(attack.text)
    ][:_DISGUISED]
    return [
        Evasion(
            name,
            _hits(texts, lambda text: model.margin(text[: corpus.CHUNK]) >= medium),
            _hits(texts, by_scorer),
            _hits(texts, lambda text: bool(find(text))),
            _hits(texts, by_engine),
        )
        for name, disguise in DISGUISES.items()
        for texts in [[disguise(text) for text in known]]
    ]


def _hits(texts: Sequence[str], found: Callable[[str], bool]) -> float:
    return sum(map(found, texts)) / max(len(texts), 1)


def microseconds(model: Linear, text: str, rounds: int = 40) -> float:
    """Of the scorer for a kilobyte of `text`, windows overlapping: the best of `rounds`."""
    cut, best = windows(text), float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for window in cut:
            model.score(window)
        best = min(best, time.perf_counter() - began)
    return best * 1e6 / (len(text.encode()) / 1_000)
