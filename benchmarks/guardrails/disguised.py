"""What is found of texts that are written so that a filter reads something else: without the normal
form, and with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.guardrails.accuracy import suspected
from benchmarks.guardrails.cost import SCORER
from benchmarks.guardrails.datasets import attacks
from benchmarks.guardrails.subject import Subject
from benchmarks.guardrails.training.evasion import DISGUISES
from gateway.guardrails.scorer.linear import Linear
from gateway.guardrails.windows import WINDOW
from gateway.model.passage import Part


@dataclass(frozen=True, slots=True)
class Disguised:
    """Of `texts` that a detector finds undisguised, the share that it finds disguised: with its
    patterns searched in the text as it came (`before`), and in the normal form (`after`)."""

    detector: str
    disguise: str
    texts: int
    before: float
    after: float


def of_patterns(
    normal: Subject, raw: Subject, texts: Sequence[str], part: Part, most: int
) -> list[Disguised]:
    """Of a detector: `raw` is the same one without the normal form."""
    known = [text for text in texts if normal.find(text, part)][:most]
    found: list[Disguised] = []
    for name, disguise in DISGUISES.items():
        written = [disguise(text) for text in known]
        before = sum(bool(raw.find(text, part)) for text in written)
        after = sum(bool(normal.find(text, part)) for text in written)
        count = max(len(known), 1)
        found.append(Disguised(normal.name, name, len(known), before / count, after / count))
    return found


def of_scorer(model: Linear, most: int, *, few: bool) -> list[Disguised]:
    """Of the scorer, by attacks from the templates."""
    known = [
        text for text in attacks(11, few=few) if len(text) < WINDOW and suspected(model, text)
    ][:most]
    found: list[Disguised] = []
    for name, disguise in DISGUISES.items():
        written = [disguise(text) for text in known]
        before = sum(model.margin(one[:WINDOW]) >= model.thresholds.medium for one in written)
        after = sum(suspected(model, one) for one in written)
        count = max(len(known), 1)
        found.append(Disguised(SCORER, name, len(known), before / count, after / count))
    return found


def table(rows: Sequence[Disguised]) -> Mapping[str, Mapping[str, Disguised]]:
    """By disguise, then by detector."""
    found: dict[str, dict[str, Disguised]] = {}
    for row in rows:
        found.setdefault(row.disguise, {})[row.detector] = row
    return found
