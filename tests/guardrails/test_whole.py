"""One whole text judged."""

from dataclasses import replace

from gateway.guardrails.budget import CALLS
from gateway.guardrails.detector import NoOptions, Prepared
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.tally import Tally
from gateway.guardrails.whole import score
from gateway.guardrails.windows import Window
from gateway.model.finding import SkipReason
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import CODES, book, findings, guardrail, passage

LOUD = "LOUD!!!! " * 10


def test_patterns_and_windows_find_together() -> None:
    judging = book(guardrail(detectors="[{type: codes, action: log}, {type: loud, action: log}]"))
    outcome = judging.judge(("g",), [passage(LOUD + "KEY-abc")])[1]
    assert findings(outcome) == [
        ("shouting", 0, len(LOUD) + 7, "log"),
        ("key", len(LOUD), len(LOUD) + 7, "log"),
    ]


def test_a_scorer_that_fails_is_told_as_skipped_and_refuses_where_errors_are_closed() -> None:
    for on_error, blocked in (
        ("closed", "blocked by guardrail g (not judged)"),
        ("open", None),
    ):
        judging = book(guardrail(detectors="[{type: broken}]", extra=f"on_error: {on_error}"))
        verdict, outcome = judging.judge(("g",), [passage("text")])
        assert verdict.blocked == blocked
        assert [(one.skipped.detector, one.skipped.reason) for one in outcome.missed] == [
            ("broken", SkipReason.ERROR)
        ]


def test_one_scorer_that_fails_leaves_the_others_their_work() -> None:
    judging = book(guardrail(detectors="[{type: broken}, {type: loud}]"))
    guards = tuple(judging.guards.values())
    engines = judging.plan(guards, Stage.REQUEST, Part.USER).windows
    windows = [Window(LOUD, 0, len(LOUD))] * 2
    hits, failed = score(windows, engines, Tally(("g",), None))
    assert [hit.category for hit in hits] == ["shouting", "shouting"]
    assert failed == {engine.key for engine in engines if engine.detector == "broken"}


def test_an_oversized_text_is_refused_or_judged_as_far_as_is_said() -> None:
    text = "KEY-abc " + "x" * 20 + " CODE-1234"
    for on_oversize, blocked, found in (
        ("block", True, ["key"]),
        ("skip_logged", False, ["key"]),
        ("scan_windows", False, ["key", "code"]),
    ):
        extra = f"action: log, max_bytes: 20, on_oversize: {on_oversize}"
        verdict, outcome = book(guardrail(extra=extra)).judge(("g",), [passage(text)])
        assert (verdict.blocked is not None) is blocked
        assert [one.finding.category for one in outcome.found] == found
        skipped = [one.skipped.reason for one in outcome.missed]
        assert skipped == ([] if on_oversize == "scan_windows" else [SkipReason.OVERSIZE])


def test_too_many_costly_validations_are_skipped_and_told() -> None:
    def prepare(_: NoOptions) -> Prepared:
        return Prepared(patterns=(costly,))

    costly = Pattern("c", "KEY-[a-z]{3}", "key", 0.9, validate=lambda _: 0.9, costly=True)
    slow = replace(CODES, prepare=prepare)
    judging = book(guardrail(detectors="[{type: codes, action: log}]"), detectors={"codes": slow})
    verdict, outcome = judging.judge(("g",), [passage("KEY-abc " * (CALLS + 1))])
    assert outcome.findings == CALLS
    assert [one.skipped.reason for one in outcome.missed] == [SkipReason.VALIDATOR_CALLS]
    assert verdict.blocked == "blocked by guardrail g (not judged)"
