"""What is told of a message."""

import hmac
from itertools import count

from gateway.guardrails.combine import Judged, Where, missed_by
from gateway.guardrails.guard import Guard
from gateway.guardrails.tally import MOST, OPAQUE, Tally
from gateway.model.finding import Action, Finding, Level, Skipped, SkipReason
from gateway.model.outcome import Found, TextMark
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


def at(start: int, category: str = "key") -> Found:
    finding = Finding("codes", category, "text", start, start + 9, 0.9, Level.HIGH)
    return Found("g", finding, Action.LOG, False, Stage.REQUEST, Part.USER)


def test_of_too_many_findings_the_rest_is_counted_and_no_kind_is_lost() -> None:
    tally = Tally(("g",), None)
    tally.take(judged(*(at(number) for number in range(MOST + 50))))
    tally.take(judged(at(7), at(9, "code"), at(10, "code")))
    outcome = tally.outcome()
    assert (len(outcome.found), outcome.findings) == (MOST + 1, MOST + 52)
    assert [one.finding.start for one in outcome.found if one.finding.category == "code"] == [9]
    assert outcome.further == {"g": 51}


def test_a_text_is_marked_by_a_keyed_hash_and_its_length() -> None:
    tally, other = Tally(("g",), None, b"key"), Tally(("g",), None, b"another")
    for one in (tally, other):
        one.mark("text", "secret")
    marked = tally.outcome().texts["text"]
    assert marked == TextMark(hmac.digest(b"key", b"secret", "sha256").hex(), 6)
    assert other.outcome().texts["text"].hash != marked.hash
    before = tally.hasher()
    assert before is not None
    before.update(b"sec")
    tally.mark("pieces", "ret", before, 3)
    assert tally.outcome().texts["pieces"] == marked


def test_without_a_key_no_text_is_marked() -> None:
    tally = Tally(("g",), None)
    tally.mark("text", "secret")
    assert tally.outcome().texts == {}
