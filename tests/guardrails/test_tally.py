"""What is told of a message."""

from itertools import count

from gateway.guardrails.combine import Judged, Where, missed_by
from gateway.guardrails.guard import Guard
from gateway.guardrails.tally import OPAQUE, Tally
from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.outcome import Found
from gateway.model.passage import Part, Stage


def found(guardrail: str, category: str, action: Action, *, shadow: bool = False) -> Found:
    finding = Finding("codes", category, "text", 0, 9, 0.9, Level.HIGH)
    return Found(guardrail, finding, action, shadow, Stage.REQUEST, Part.USER)


def judged(*some: Found) -> Judged:
    result = Judged()
    for one in some:
        result.add(one)
    return result


def test_the_caller_is_told_the_guardrail_and_its_categories_alone() -> None:
    tally = Tally(("first", "second"), None)
    cause = judged(
        found("second", "other", Action.BLOCK),
        found("first", "key", Action.BLOCK),
        found("first", "code", Action.BLOCK),
        found("first", "masked", Action.MASK),
    )
    assert tally.block([cause], opaque=False) == "blocked by guardrail first (code, key)"
    assert tally.block([cause], opaque=True) == OPAQUE
    assert tally.outcome().blocked_by == "first"


def test_the_caller_is_told_that_something_was_not_judged() -> None:
    where = Where("text", Stage.REQUEST, Part.USER)
    guard = Guard("strict", frozenset({Stage.REQUEST}), ())
    cause = Judged()
    cause.miss(missed_by(guard, Skipped("*", "text", SkipReason.OVERSIZE), where, blocks=True))
    assert Tally(("strict",), None).block([cause], opaque=False) == (
        "blocked by guardrail strict (not judged)"
    )


def test_the_same_finding_counts_once() -> None:
    tally = Tally(("g",), None)
    for _ in range(2):
        tally.take(judged(found("g", "key", Action.LOG)))
    assert len(tally.outcome().found) == 1


def test_the_strongest_action_is_told_apart_from_that_of_shadows() -> None:
    tally = Tally(("g", "s"), None)
    tally.take(judged(found("g", "key", Action.LOG), found("g", "code", Action.ANNOTATE)))
    tally.take(judged(found("s", "key", Action.BLOCK, shadow=True)))
    outcome = tally.outcome()
    assert (outcome.action, outcome.shadow) == (Action.ANNOTATE, Action.BLOCK)
    assert Tally((), None).outcome().action is None


def test_time_is_counted_by_detector_with_the_clock_that_is_given() -> None:
    ticks = count(0, 5_000)
    tally = Tally(("g",), lambda: next(ticks))
    for name in ("patterns", "patterns", "loud"):
        tally.spent(name, tally.start())
    assert tally.outcome().microseconds == {"patterns": 10, "loud": 5}
    assert tally.seconds == 15e-6


def test_without_a_clock_nothing_is_measured() -> None:
    tally = Tally(("g",), None)
    tally.spent("patterns", tally.start())
    assert (tally.seconds, dict(tally.outcome().microseconds)) == (0.0, {})
