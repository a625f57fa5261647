"""How often a detector is right: by dataset, and for personal data by type."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.guardrails import pii
from benchmarks.guardrails.cost import SCORER, once
from benchmarks.guardrails.datasets import Dataset, datasets, ordinary
from benchmarks.guardrails.pii_values import VALUES
from benchmarks.guardrails.subject import Subject
from gateway.guardrails.scorer.linear import Linear
from gateway.guardrails.windows import Windows
from gateway.model.finding import Level
from gateway.model.passage import Part

Found = Callable[[str, Part], bool]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A detector at MEDIUM on a dataset, text by text; a share is None where there is nothing that
    it could be of. `kilobytes` are of all texts, `microseconds` for each of those."""

    detector: str
    dataset: str
    positives: int
    negatives: int
    recall: float | None
    precision: float | None
    false_positives: int
    false_positive_rate: float | None
    kilobytes: float
    microseconds: float

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def of_detector(one: Subject, folder: Path | None, *, few: bool = False) -> Iterator[Accuracy]:
    """On every dataset of it."""
    for dataset in datasets(one.name, folder, few=few):
        yield _measured(one.name, dataset, lambda text, part: bool(one.find(text, part)))


def of_scorer(model: Linear, folder: Path | None, *, few: bool = False) -> Iterator[Accuracy]:
    """The trained scorer alone."""
    for dataset in datasets(SCORER, folder, few=few):
        yield _measured(SCORER, dataset, lambda text, _: suspected(model, text))


def suspected(model: Linear, text: str) -> bool:
    """Whether a window of a text is MEDIUM or above."""
    windows = Windows()
    cut = (*windows.feed(text), *windows.finish())
    return any(model.margin(window.text) >= model.thresholds.medium for window in cut)


def _measured(detector: str, dataset: Dataset, found: Found) -> Accuracy:
    hits = sum(found(text, dataset.part) for text in dataset.yes)
    alarms = sum(found(text, dataset.part) for text in dataset.no)
    timed = [*dataset.yes, *dataset.no][:200]
    size = sum(len(text.encode("utf-8", "replace")) for text in timed) / 1_000

    spent, _ = once(lambda: [found(text, dataset.part) for text in timed])
    return Accuracy(
        detector,
        dataset.name,
        len(dataset.yes),
        len(dataset.no),
        hits / len(dataset.yes) if dataset.yes else None,
        hits / (hits + alarms) if dataset.yes and hits + alarms else None,
        alarms,
        alarms / len(dataset.no) if dataset.no else None,
        size,
        spent / size if size else 0.0,
    )


@dataclass(frozen=True, slots=True)
class OfType:
    """One type of personal data, by its place in the text."""

    category: str
    values: int
    recall: float
    precision: float
    wrong: int


def of_types(one: Subject, count: int, types: Iterable[str] | None = None) -> list[OfType]:
    """Every type: `count` texts with a value, as many with one that breaks a rule, and benign
    records. The last row is all of them."""
    chosen = sorted(types) if types is not None else sorted(VALUES)
    samples = [sample for one in chosen for sample in pii.positives(one, count)]
    samples += [sample for one in chosen for sample in pii.lookalikes(one, count)]
    samples += pii.benign(count)
    figures = pii.measured(samples, lambda text: one.find(text, Part.USER, Level.LOW))
    rows = [
        OfType(name, one.right + one.missed, one.recall, one.precision, one.wrong)
        for name, one in figures.items()
    ]
    right = sum(one.right for one in figures.values())
    missed = sum(one.missed for one in figures.values())
    wrong = sum(one.wrong for one in figures.values())
    every = pii.Figures(right, missed, wrong)
    return [*rows, OfType("all", right + missed, every.recall, every.precision, wrong)]


@dataclass(frozen=True, slots=True)
class Benign:
    """What a detector finds in benign text, at MEDIUM."""

    detector: str
    kilobytes: float
    findings: int


def in_benign(one: Subject, size: int, *, few: bool = False) -> Benign:
    """In `size` bytes of benign text at most, a quarter of each kind."""
    taken, found = 0, 0
    texts = ordinary(few=few)
    for each in texts.values():
        room = size // len(texts)
        for text in each:
            length = len(text.encode("utf-8", "replace"))
            if length > room:
                break
            room -= length
            taken += length
            found += len(one.find(text))
    return Benign(one.name, taken / 1_000, found)


def personal(each: int) -> list[str]:
    """Texts with personal data, `each` of every type."""
    return [sample.text for one in sorted(VALUES) for sample in pii.positives(one, each)]
