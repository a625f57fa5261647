"""What counts for a Guardrail."""

from gateway.guardrails.guard import Check, Engine
from gateway.model.finding import Action, Level, Levels

ENGINE = Engine("codes#0", "codes", Levels(), frozenset({"code", "key"}))


def test_a_finding_counts_from_the_level_on() -> None:
    check = Check(ENGINE, Action.LOG, Level.MEDIUM)
    assert not check.counts("code", 0.5, Level.LOW)
    assert check.counts("code", 0.6, Level.MEDIUM)


def test_a_score_counts_in_place_of_the_level() -> None:
    check = Check(ENGINE, Action.LOG, None, 0.5)
    assert check.counts("code", 0.5, Level.LOW)
    assert not check.counts("code", 0.49, Level.LOW)


def test_only_named_categories_count() -> None:
    check = Check(ENGINE, Action.LOG, Level.LOW, categories=frozenset({"key"}))
    assert check.counts("key", 0.9, Level.HIGH)
    assert not check.counts("code", 0.9, Level.HIGH)
