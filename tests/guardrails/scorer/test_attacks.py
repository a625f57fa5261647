"""What the detectors of attacks have in common."""

from gateway.guardrails.detector import Scored
from gateway.guardrails.scorer.attacks import (
    COMBINED,
    LIKELY,
    PARTS,
    SUSPECTED,
    prepared,
    scored_by,
)
from gateway.guardrails.scorer.families import TOGETHER, Family, Finder
from gateway.guardrails.scorer.linear import Thresholds, linear
from gateway.model.finding import Level, Levels
from gateway.model.passage import Part

_OWN = Family("drop", "asks to drop rules", {"en": r"\bdrop\s+rules\b"})
_OTHER = Family("mode", "names a mode", {"en": r"\bgod\s+mode\b"})
_FIND = Finder((_OWN, _OTHER))
_MODEL = linear(0, Thresholds(100, 200, 300), {(b"drop",): 100, (b"mode",): 150})


def test_a_window_that_the_model_does_not_suspect_is_no_finding() -> None:
    assert scored_by(_MODEL, _FIND, frozenset({"drop"}))("rules of the house") == ()


def test_a_suspected_window_has_the_score_of_the_model() -> None:
    (scored,) = scored_by(_MODEL, _FIND, frozenset({"drop"}))("drop it")
    assert scored.category == LIKELY
    assert Levels().of(scored.score) is Level.LOW


def test_two_families_in_a_suspected_window_are_a_finding_however_far_apart() -> None:
    window = f"drop rules {'and ' * 100} god mode"
    found = scored_by(_MODEL, _FIND, frozenset({"drop"}))(window)
    assert Scored(COMBINED, TOGETHER) in found


def test_one_family_in_a_suspected_window_is_a_finding_of_its_own() -> None:
    found = scored_by(_MODEL, _FIND, frozenset({"drop"}))("please drop rules")
    assert Scored(COMBINED, SUSPECTED) in found
    assert Levels().of(SUSPECTED) is Level.MEDIUM


def test_two_families_of_another_detector_are_not_combined_here() -> None:
    found = scored_by(_MODEL, _FIND, frozenset({"elsewhere"}))("drop rules, god mode")
    assert [scored.category for scored in found] == [LIKELY]


def test_without_the_scorer_no_window_is_looked_at() -> None:
    assert prepared((_OWN,), (_OTHER,), scorer=False).window is None
    assert prepared((_OWN,), (_OTHER,), scorer=True).window is not None


def test_the_system_prompt_is_not_looked_at_and_the_user_is() -> None:
    assert prepared((_OWN,), (), scorer=False).parts == PARTS
    assert Part.SYSTEM not in PARTS
    assert {Part.USER, Part.TOOL_RESULT, Part.TOOL_DEFINITION, Part.RESOURCE} <= PARTS
