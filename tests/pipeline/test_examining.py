"""A text that somebody asks about, judged by the Guardrail that is named."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import (
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
)
from gateway.model.finding import Level
from gateway.model.passage import Part, Stage
from gateway.pipeline.consultants import NoConsultants
from gateway.pipeline.examining import Judgement, examine
from gateway.policy.matching import GuardrailMatches
from tests.guardrails.guarding import book, guardrail
from tests.pipeline.stage import snapshot

CODE = "CODE-1234"
BLOCKED = guardrail("g", detectors="[{type: codes, action: block}]")
MASKED = guardrail("g", detectors="[{type: codes, action: mask}]")
ASKING = Guard("g", frozenset({Stage.REQUEST}), (), providers=(ProviderUse("judge"),))
MASK = ProviderVerdict(ProviderAction.MASK, (ProviderFinding("name", Level.HIGH, 0),), ("***",))


class Says:
    def __init__(self, verdict: ProviderVerdict) -> None:
        self.verdict = verdict

    async def consult(self, questions: Any) -> Any:
        return dict.fromkeys(questions, self.verdict)


async def judged(
    judging: GuardrailBook,
    text: str,
    direction: Direction = Direction.REQUEST,
    name: str = "g",
    consultants: Any = None,
    floors: tuple[str, ...] = (),
) -> Judgement:
    made = replace(snapshot(guardrails=judging), guarded=GuardrailMatches(always=floors))
    asking = consultants or NoConsultants()
    return await examine(made, name, text, direction, asking, ticks=lambda: 0)


async def test_a_text_is_judged_as_the_words_of_a_user_or_of_a_model() -> None:
    for direction, stage, part in (
        (Direction.REQUEST, Stage.REQUEST, Part.USER),
        (Direction.RESPONSE, Stage.RESPONSE, Part.ASSISTANT),
    ):
        found = await judged(book(BLOCKED), f"it is {CODE}", direction)
        assert found.outcome.blocked_by == "g"
        assert [(one.stage, one.part) for one in found.outcome.found] == [(stage, part)]
        assert (found.text, found.detectors, found.advised) == (None, {"codes"}, False)


async def test_a_masked_text_comes_back() -> None:
    found = await judged(book(MASKED), f"it is {CODE}")
    assert found.text is not None
    assert CODE not in found.text
    assert (await judged(book(MASKED), "nothing")).text is None


async def test_providers_are_asked_as_the_document_says() -> None:
    found = await judged(GuardrailBook([ASKING]), "alice", consultants=Says(MASK))
    assert (found.text, found.advised) == ("***", True)
    gone = await judged(GuardrailBook([ASKING]), "alice")
    assert gone.outcome.blocked_by == "g"
    assert gone.outcome.missed


async def test_what_nobody_would_judge_is_not_judged_harmless() -> None:
    with pytest.raises(KeyError):
        await judged(book(BLOCKED), "x", name="other")
    with pytest.raises(KeyError):
        await judged(GuardrailBook([ASKING]), "x", Direction.RESPONSE)


async def test_floors_for_everything_judge_as_well() -> None:
    keys = "[{type: codes, categories: [key], action: block}]"
    judging = book(BLOCKED, guardrail("floor", detectors=keys))
    text = f"it is {CODE} and KEY-abc"
    alone = await judged(judging, text)
    assert {one.guardrail for one in alone.outcome.found} == {"g"}
    both = await judged(judging, text, floors=("floor",))
    assert {one.guardrail for one in both.outcome.found} == {"g", "floor"}
    itself = await judged(judging, text, name="floor", floors=("floor",))
    assert itself.outcome.guardrails == ("floor",)
