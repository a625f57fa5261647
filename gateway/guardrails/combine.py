"""From what detectors hit to what Guardrails make of it. Pure: no I/O, no clock.

Block > mask > annotate > log over all Guardrails that apply; those in shadow are recorded alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from gateway.guardrails.exclusions import Matched
from gateway.guardrails.guard import Check, Guard
from gateway.guardrails.mask import Span
from gateway.guardrails.plan import Plan
from gateway.model.finding import Action, Finding, Skipped, SkipReason
from gateway.model.outcome import Found, Missed
from gateway.model.passage import Part, Stage

AROUND: Final = 64
"""Characters before and after a finding that exclusions may look at."""

Around: TypeAlias = Callable[[int, int], tuple[str, str, str]]
"""By a range of the original text: what is before it, in it, and after it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What an engine found: a category in a range of the original text. A window as a whole has its
    `window`, in normal form: no mask could cover it."""

    end: int
    start: int
    key: str
    category: str
    score: float
    window: str | None = field(default=None, repr=False, compare=False)

    @property
    def order(self) -> tuple[int, int, str, str]:
        """In which they are judged: by where they end, as a stream learns of them."""
        return self.end, self.start, self.key, self.category


@dataclass(frozen=True, slots=True)
class Where:
    """Which text it is. One that is `fixed` cannot be changed; `key` says that it is a key of an
    object."""

    channel: str
    stage: Stage
    part: Part
    name: str = ""
    fixed: bool = False
    key: bool = False


@dataclass(slots=True)
class Judged:
    """What became of one text, in order. `excluded` counts findings that an exclusion took out."""

    found: list[Found] = field(default_factory=list[Found])
    missed: list[Missed] = field(default_factory=list[Missed])
    spans: list[Span] = field(default_factory=list[Span])
    blocked: bool = False
    excluded: int = 0

    def add(self, found: Found) -> None:
        """Take a finding."""
        self.found.append(found)
        if found.shadow:
            return
        if found.action is Action.BLOCK:
            self.blocked = True
        elif found.action is Action.MASK:
            one = found.finding
            self.spans.append(Span(one.start, one.end, one.category))

    def miss(self, missed: Missed) -> None:
        """Take a check that did not happen."""
        self.missed.append(missed)
        self.blocked |= missed.action is Action.BLOCK and not missed.shadow


def judge_hits(  # noqa: PLR0913  one text, and all that is known of it
    judged: Judged,
    hits: Iterable[Hit],
    plan: Plan,
    where: Where,
    *,
    cuts: Mapping[str, int],
    around: Around,
    to_the_end: bool,
    today: date | None = None,
) -> None:
    """Add what Guardrails make of `hits`, in order; without `to_the_end` up to the first one that
    blocks. `cuts` are characters beyond which a Guardrail, by name, does not judge; `around` is
    asked where there are exclusions, which expire by `today`."""
    for hit in sorted(hits, key=lambda one: one.order):
        if judged.blocked and not to_the_end:
            return
        for guard, check in plan.checks.get(hit.key, ()):
            found = _found(hit, guard, check, where, cuts)
            if found is None:
                continue
            if _excluded(found, hit, guard, around, today):
                judged.excluded += 1
            else:
                judged.add(found)


def missed(plan: Plan, where: Where, keys: Iterable[str], reason: SkipReason) -> Iterator[Missed]:
    """What it means that some engines could not do their work."""
    for key in sorted(keys):
        for guard, check in plan.checks.get(key, ()):
            skipped = Skipped(check.engine.detector, where.channel, reason)
            yield missed_by(guard, skipped, where, blocks=guard.closed)


def missed_by(guard: Guard, skipped: Skipped, where: Where, *, blocks: bool) -> Missed:
    """The same for one Guardrail; `blocks` is whether that refuses what it did not judge."""
    action = Action.BLOCK if blocks else Action.LOG
    return Missed(guard.name, skipped, action, guard.shadow, where.stage)


def _excluded(found: Found, hit: Hit, guard: Guard, around: Around, today: date | None) -> bool:
    if not guard.exclusions:
        return False
    text = ("", hit.window, "") if hit.window is not None else around(hit.start, hit.end)
    before, within, after = text
    detector = found.finding.detector
    matched = Matched(detector, hit.category, within, before, after, found.name)
    return guard.exclusions.of(matched, today) is not None


def _found(
    hit: Hit, guard: Guard, check: Check, where: Where, cuts: Mapping[str, int]
) -> Found | None:
    level = check.engine.levels.of(hit.score)
    if level is None or not check.counts(hit.category, hit.score, level):
        return None
    if hit.end > cuts.get(guard.name, hit.end) or (where.key and not guard.keys):
        return None
    action = check.action
    if hit.category == "structured" and check.engine.detector == "model_refusal":
        action = min(action, Action.ANNOTATE, key=lambda one: one.strength)
    if action is Action.MASK and (hit.window is not None or where.fixed):
        action = Action.BLOCK  # what cannot be covered must not go on
    finding = Finding(
        check.engine.detector, hit.category, where.channel, hit.start, hit.end, hit.score, level
    )
    return Found(guard.name, finding, action, guard.shadow, where.stage, where.part, where.name)
