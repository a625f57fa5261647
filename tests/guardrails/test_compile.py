"""Guardrail documents compiled."""

from datetime import date

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.compile import compile_guardrails
from gateway.guardrails.guard import Engine
from gateway.guardrails.source import GuardrailSource
from gateway.model.finding import Action, Level
from gateway.model.passage import Part
from gateway.model.problem import Place
from tests.guardrails.guarding import OURS, TODAY, book, compiled, guardrail, problems, sources

EXCLUSION = "exclusions: [{pattern: KEY-abc, owner: me, reason: a sample, expires: 2026-02-01}]"


def engines(judging: GuardrailBook) -> list[Engine]:
    return [check.engine for guard in judging.guards.values() for check in guard.checks]


def test_the_same_detector_with_the_same_options_is_prepared_once() -> None:
    first, second = engines(book(guardrail("a"), guardrail("b")))
    assert first is second


def test_what_a_document_says_of_a_detector_is_how_it_counts() -> None:
    uses = "[{type: codes, threshold: HIGH, action: log}, {type: loud, score: 0.5}]"
    judging = book(guardrail(detectors=uses, extra="scope: {parts: [user]}"))
    codes, loud = judging.guards["g"].checks
    assert (codes.action, codes.level, codes.parts) == (Action.LOG, Level.HIGH, {Part.USER})
    assert (loud.action, loud.level, loud.score) == (Action.BLOCK, None, 0.5)


def test_an_unknown_detector_is_named_with_the_one_that_may_be_meant() -> None:
    assert problems(guardrail(detectors="[{type: cods}]")) == [
        '0.yaml:4:87: error: spec.detectors[0].type: no detector "cods" (did you mean "codes"?)'
    ]
    assert "known: broken, codes, loud" in problems(guardrail(detectors="[{type: zzz}]"))[0]


def test_options_are_checked_at_their_place() -> None:
    wrong = guardrail(detectors="[{type: codes, options: {much: 1}}]")
    assert problems(wrong) == [
        '0.yaml:4:104: error: spec.detectors[0].options.much: unknown key "much" (remove it)'
    ]


def test_a_worker_compiles_the_same_without_the_file() -> None:
    (source,) = sources(guardrail())
    bare = GuardrailSource(source.model, lambda _path: Place("g", 1, 1))
    found = compile_guardrails([bare], TODAY, detectors=OURS)
    assert isinstance(found, GuardrailBook)
    assert found.guards == book(guardrail()).guards


def test_an_exclusion_applies_until_it_expires_and_then_warns() -> None:
    text = guardrail(extra=EXCLUSION)
    assert book(text).guards["g"].exclusions
    late = compile_guardrails(sources(text), date(2026, 2, 2), detectors=OURS)
    assert isinstance(late, GuardrailBook)
    assert late.guards["g"].exclusions is None
    assert [one.message for one in late.warnings] == [
        "expired on 2026-02-01, so it excludes nothing"
    ]


def test_every_error_of_every_document_is_told() -> None:
    found = compiled(guardrail("a", detectors="[{type: x}]"), guardrail("a"))
    assert not isinstance(found, GuardrailBook)
    assert [one.path for one in found] == ["metadata.name", "spec.detectors[0].type"]
