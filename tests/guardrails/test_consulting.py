from dataclasses import replace

import pytest

from gateway.guardrails.consulting import (
    Consultation,
    Opinion,
    ProviderUse,
    consultations,
    opinion,
)
from gateway.guardrails.guard import Guard
from gateway.guardrails.provider import (
    OTHER,
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    checked,
    not_judged,
)
from gateway.model.finding import Action, Finding, Level, SkipReason
from gateway.model.passage import Part, Passage, Place, Stage

USE = ProviderUse("armor")
GUARD = Guard("strict", frozenset({Stage.REQUEST, Stage.TOOL_CALL}), ())
PLACES = [Place(("messages", index, "content")) for index in range(3)]
PASSAGES = tuple(
    Passage(text, place, Stage.REQUEST, Part.USER, f"messages/{index}")
    for index, (text, place) in enumerate(zip(("one bad", "two", "three"), PLACES, strict=True))
)


def asked(*passages: Passage) -> Consultation:
    (one,) = consultations(passages or PASSAGES, GUARD, USE, Direction.REQUEST, "m")
    return one


def hate(
    level: Level = Level.HIGH, text: int | None = 0, span: tuple[int, int] | None = None
) -> ProviderFinding:
    return ProviderFinding("hate", level, text, span)


def blocking(*found: ProviderFinding) -> ProviderVerdict:
    return ProviderVerdict(ProviderAction.BLOCK, found)


def masking(*found: ProviderFinding) -> ProviderVerdict:
    return ProviderVerdict(ProviderAction.MASK, found, ("one [X]", "two", "three"))


def judged(verdict: ProviderVerdict, use: ProviderUse = USE, guard: Guard = GUARD) -> Opinion:
    return opinion(asked(), verdict, guard, use)


def test_one_question_is_asked_for_each_stage_with_whose_words_they_are() -> None:
    call = replace(PASSAGES[1], stage=Stage.TOOL_CALL, part=Part.TOOL_ARGUMENTS, name="shell")
    passages = (PASSAGES[0], call, PASSAGES[2], replace(PASSAGES[0], stage=Stage.RESPONSE))
    first, second = consultations(passages, GUARD, USE, Direction.REQUEST, "m")
    assert first.question.texts == ("one bad", "three")
    assert first.passages == (PASSAGES[0], PASSAGES[2])
    assert (first.question.model, first.question.name) == ("m", "")
    assert second.question.stage is Stage.TOOL_CALL
    assert second.question.parts == (Part.TOOL_ARGUMENTS,)
    assert second.question.name == "shell"


def test_each_item_of_a_list_is_asked_about_by_itself() -> None:
    items = [replace(PASSAGES[0], item=0, name="a"), replace(PASSAGES[1], item=1, name="b")]
    passages = (*items, replace(PASSAGES[2], item=0, name="a"), PASSAGES[0])
    found = [*consultations(passages, GUARD, USE, Direction.RESPONSE, "")]
    assert [one.question.texts for one in found] == [("one bad", "three"), ("two",), ("one bad",)]
    assert [one.question.name for one in found] == ["a", "b", ""]


def test_what_a_guardrail_does_not_judge_is_not_sent() -> None:
    key = replace(PASSAGES[0], place=Place(("arguments", "k"), key=True))
    system = replace(PASSAGES[0], part=Part.SYSTEM)
    blank = replace(PASSAGES[0], text=" \n")
    users = replace(USE, parts=frozenset({Part.USER}))
    guard = replace(GUARD, keys=False)
    assert not list(consultations((key, system, blank), guard, users, Direction.REQUEST, ""))


def test_nothing_follows_from_a_pass() -> None:
    assert judged(PASSED) == Opinion()


def test_what_a_provider_wants_blocked_is_blocked() -> None:
    verdict = judged(blocking(hate(text=1)))
    assert verdict.blocked == {1}
    assert not verdict.all
    (found,) = verdict.found
    assert found.finding == Finding("armor", "hate", "messages/1", 0, 3, 0.85, Level.HIGH)
    assert (found.guardrail, found.action, found.stage) == ("strict", Action.BLOCK, Stage.REQUEST)


def test_a_finding_that_names_no_text_blocks_the_message() -> None:
    assert judged(blocking(hate(text=None))).all


def test_a_finding_below_the_level_or_of_another_category_does_not_count() -> None:
    assert judged(blocking(hate(Level.LOW))) == Opinion()
    others = replace(USE, categories=frozenset({"sexual"}))
    assert judged(blocking(hate()), others) == Opinion()
    assert judged(blocking(hate(Level.LOW)), replace(USE, level=Level.LOW)).blocked == {0}


def test_what_a_provider_does_not_name_counts_for_every_category() -> None:
    use = replace(USE, categories=frozenset({"sexual"}))
    assert judged(blocking(ProviderFinding(OTHER, Level.HIGH)), use).all


def test_the_action_of_the_guardrail_comes_before_that_of_the_provider() -> None:
    seen = ProviderVerdict(ProviderAction.NONE, (hate(),))
    assert judged(seen).found[0].action is Action.LOG
    assert judged(seen).blocked == frozenset()
    assert judged(seen, replace(USE, action=Action.BLOCK)).blocked == {0}
    logged = judged(blocking(hate()), replace(USE, action=Action.LOG))
    assert (logged.blocked, logged.found[0].action) == (frozenset(), Action.LOG)
    assert judged(masking(hate()), replace(USE, action=Action.BLOCK)).blocked == {0}


@pytest.mark.parametrize("text", [0, None])
def test_texts_that_a_provider_has_masked_replace_those_that_changed(text: int | None) -> None:
    verdict = judged(masking(hate(text=text)))
    assert verdict.texts == {PLACES[0]: "one [X]"}
    assert (verdict.blocked, verdict.all) == (frozenset(), False)
    assert verdict.found[0].action is Action.MASK


def test_a_guardrail_masks_what_a_provider_only_tells_the_place_of() -> None:
    use = replace(USE, action=Action.MASK)
    verdict = judged(blocking(hate(span=(4, 7))), use)
    assert verdict.texts == {PLACES[0]: "one [HATE]"}


def test_masks_of_a_provider_are_not_taken_where_only_some_categories_count() -> None:
    use = replace(USE, categories=frozenset({"hate"}))
    verdict = judged(masking(hate(span=(4, 7)), ProviderFinding("sexual", Level.HIGH, 1)), use)
    assert verdict.texts == {PLACES[0]: "one [HATE]"}


@pytest.mark.parametrize(
    "found",
    [(hate(),), (hate(span=(4, 7)), hate(text=1)), (hate(span=(4, 7)), hate(text=None))],
    ids=["no place", "one without a place", "one without a text"],
)
def test_what_cannot_be_masked_is_blocked(found: tuple[ProviderFinding, ...]) -> None:
    verdict = judged(blocking(*found), replace(USE, action=Action.MASK))
    assert 0 in verdict.blocked
    assert verdict.texts == {}
    assert {one.action for one in verdict.found} == {Action.BLOCK}


def test_a_mask_by_places_blocks_where_not_all_places_are_known() -> None:
    many = tuple(hate(span=(0, 1 + at)) for at in range(7))
    spread = (replace(one, category=f"c{at}") for at in range(60) for one in many)
    verdict = checked(blocking(*spread), asked().question)
    assert verdict is not None
    told = judged(verdict, replace(USE, action=Action.MASK))
    assert (0 in told.blocked, told.texts) == (True, {})


def test_a_mask_in_a_text_that_the_provider_left_as_it_was_blocks() -> None:
    assert judged(masking(hate(text=1))).blocked == {1}


def test_a_mask_blocks_where_nothing_can_be_put_in_its_place() -> None:
    assert opinion(asked(), masking(hate()), GUARD, USE, rewritable=False).blocked == {0}
    key = replace(PASSAGES[0], place=Place(("arguments", "k"), key=True))
    verdict = ProviderVerdict(ProviderAction.MASK, (hate(),), ("one [X]",))
    assert opinion(asked(key), verdict, GUARD, USE).blocked == {0}


def test_what_was_not_judged_blocks_where_the_guardrail_is_closed() -> None:
    verdict = judged(not_judged(SkipReason.TIMEOUT))
    assert verdict.all
    (missed,) = verdict.missed
    assert (missed.skipped.detector, missed.skipped.reason) == ("armor", SkipReason.TIMEOUT)
    assert missed.action is Action.BLOCK


def test_what_was_not_judged_is_recorded_where_the_guardrail_is_open() -> None:
    verdict = judged(not_judged(SkipReason.CIRCUIT_OPEN), guard=replace(GUARD, closed=False))
    assert (verdict.all, verdict.missed[0].action) == (False, Action.LOG)


def test_what_was_found_counts_beside_what_was_not_judged() -> None:
    partial = replace(blocking(hate()), skipped=SkipReason.ERROR)
    verdict = judged(partial, guard=replace(GUARD, closed=False))
    assert verdict.blocked == {0}
    assert len(verdict.missed) == 1


def test_in_shadow_a_verdict_is_told_and_changes_nothing() -> None:
    shadow = replace(GUARD, shadow=True)
    for verdict in (blocking(hate()), masking(hate()), not_judged(SkipReason.ERROR)):
        told = judged(verdict, guard=shadow)
        assert (told.texts, told.blocked, told.all) == ({}, frozenset(), False)
        assert all(one.shadow for one in (*told.found, *told.missed))
        assert told.found or told.missed
