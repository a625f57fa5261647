"""What was aimed at, and what a run saw of it."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.goals import Goal
from benchmarks.guardrails import cost, deltas
from benchmarks.guardrails.accuracy import Accuracy
from benchmarks.guardrails.datasets import BENIGN_FILES, LIBRARY
from benchmarks.guardrails.results import Results
from benchmarks.spread import Spread

ENGLISH_GOAL: Final = 35.0
FOREIGN_GOAL: Final = 80.0
SCORER_GOAL: Final = 130.0
DELTA_GOAL: Final = 2.0
SECRETS_GOAL: Final = 0.95
PII_RECALL_GOAL: Final = 0.99
PII_PRECISION_GOAL: Final = 0.98
ALARMS_GOAL: Final = 0.01

_COSTS: Final = (
    (cost.TOGETHER, cost.ENGLISH, ENGLISH_GOAL),
    (cost.TOGETHER, cost.FOREIGN, FOREIGN_GOAL),
    (cost.SCORER, cost.ENGLISH, SCORER_GOAL),
)
_SECRETS: Final = ("secrets_gitleaks_cases", "made-up keys and look-alikes")


def goals(results: Results) -> list[Goal]:
    """The goals of which these results say something."""
    return [*_costs(results), *_secrets(results), *_personal(results), *_alarms(results)]


def _costs(results: Results) -> Iterator[Goal]:
    for what, text, limit in _COSTS:
        for one in results.costs:
            if (one.what, one.text) == (what, text):
                yield Goal(f"{what}, {text}", limit, one.microseconds, "µs/kB")
    for figure in results.deltas:
        if figure.name == deltas.ENGINE:
            name = f"a delta of {deltas.DELTA} characters, all pattern detectors, {figure.name}"
            yield Goal(name, DELTA_GOAL, figure.spread, figure.unit)


def _secrets(results: Results) -> Iterator[Goal]:
    for benign in results.benign:
        if benign.detector == "secrets":
            name = f"secrets found in {benign.kilobytes:.0f} kB of benign text"
            yield Goal(name, 0, _exactly(benign.findings), "findings")
    for one in results.accuracy:
        if one.detector == "secrets" and one.dataset in _SECRETS and one.recall is not None:
            name = f"secrets: recall on {one.dataset}"
            yield Goal(name, SECRETS_GOAL, _exactly(one.recall), "of 1", at_least=True)


def _personal(results: Results) -> Iterator[Goal]:
    for one in results.types:
        if one.category == "all":
            told = f"personal data, {one.values:,} values"
            seen, precise = _exactly(one.recall), _exactly(one.precision)
            yield Goal(f"{told}: recall", PII_RECALL_GOAL, seen, "of 1", at_least=True)
            yield Goal(f"{told}: precision", PII_PRECISION_GOAL, precise, "of 1", at_least=True)


def _alarms(results: Results) -> Iterator[Goal]:
    for name, sets in (("the benign files", BENIGN_FILES), ("the library", LIBRARY)):
        for detector in (cost.SCORER, "prompt_injection", "jailbreak"):
            rows = [
                one
                for one in results.accuracy
                if one.detector == detector and one.dataset in sets and one.negatives
            ]
            if rows:
                label = f"{detector} at MEDIUM: false positives in {name}, reporting half"
                yield Goal(label, ALARMS_GOAL, _exactly(_rate(rows)), "of 1")


def _rate(rows: Sequence[Accuracy]) -> float:
    return sum(one.false_positives for one in rows) / sum(one.negatives for one in rows)


def _exactly(value: float) -> Spread:
    return Spread(value, value, value)
