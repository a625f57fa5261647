"""What guardrails make of one exchange: which apply, and what becomes of its request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.record import Record
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.call import Call, Deframed, Kind
from gateway.model.finding import Level
from gateway.model.head import RequestHead
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.model.screening import Screened
from gateway.pipeline.consultants import Consultants, NoConsultants
from gateway.pipeline.guarding import Guarding
from gateway.pipeline.rescue import RefusedError
from gateway.policy.context import RequestContext
from gateway.policy.matching import GuardrailMatches
from tests.pipeline.stage import ALICE, snapshot

PLACE = Place(("params", "arguments", "q"))
BAD = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH, 0),))
MASK = ProviderVerdict(
    ProviderAction.MASK, (ProviderFinding("name", Level.HIGH, 0),), ("what of ***?",)
)
CONTEXT = RequestContext(RequestHead("POST", "/mcp", route="triage"), "tracker", 0.0)


class Says:
    """Providers that all say the same."""

    def __init__(self, verdict: ProviderVerdict) -> None:
        self.verdict = verdict
        self.asked: list[tuple[str, Question]] = []

    async def consult(self, questions: Any) -> Mapping[tuple[str, Question], ProviderVerdict]:
        self.asked += questions
        return dict.fromkeys(questions, self.verdict)


def guarding(consultants: Consultants | None = None, *stages: Stage) -> Guarding:
    guard = Guard(
        "edge", frozenset(stages or (Stage.TOOL_CALL,)), (), providers=(ProviderUse("judge"),)
    )
    using = replace(
        snapshot(), guardrails=GuardrailBook([guard]), guarded=GuardrailMatches(always=["edge"])
    )
    made = Guarding(using, Record("a", 0.0, 1, "d"), lambda: 0, consultants or NoConsultants())
    made.apply(asked().calls, ALICE, [CONTEXT])
    return made


def asked(*idents: int) -> Deframed:
    passage = Passage(
        "what of alice?", PLACE, Stage.TOOL_CALL, Part.TOOL_ARGUMENTS, "params/arguments"
    )
    calls = tuple(
        Call("mcp", "tools/call", Kind.REQUEST, id=ident, target="t") for ident in idents or (7,)
    )
    return Deframed(calls, batch=len(calls) > 1, passages=lambda: (passage,))


async def test_where_no_guardrail_applies_nothing_is_asked() -> None:
    says = Says(BAD)
    using = replace(snapshot(), guardrails=GuardrailBook(), guarded=GuardrailMatches())
    made = Guarding(using, Record("a", 0.0, 1, "d"), lambda: 0, says)
    made.apply(asked().calls, ALICE, [CONTEXT])
    message = asked()
    assert not made.applies
    assert await made.screened(message) is message
    assert (says.asked, made.screen("mcp")) == ([], None)


async def test_what_a_provider_blocks_goes_no_further() -> None:
    made = guarding(Says(BAD))
    with pytest.raises(RefusedError) as caught:
        await made.screened(asked())
    refusal = caught.value.refusal
    assert (refusal.reason, refusal.ids) == (Reason.CONTENT_BLOCKED, (7,))
    assert refusal.method == "tools/call"
    assert "alice" not in refusal.message
    assert [one.finding.category for one in made.found] == ["hate"]


async def test_a_blocked_batch_names_the_method_of_each_id() -> None:
    with pytest.raises(RefusedError) as caught:
        await guarding(Says(BAD)).screened(asked(1, 2))
    refusal = caught.value.refusal
    assert (refusal.batch, refusal.ids, refusal.method) == (True, (1, 2), "")
    assert refusal.methods == {1: "tools/call", 2: "tools/call"}


async def test_what_passes_goes_on_as_it_came() -> None:
    message = asked()
    assert await guarding(Says(PASSED)).screened(message) is message


async def test_a_mask_makes_another_message() -> None:
    seen: list[Mapping[Place, str]] = []
    changed = asked(8)

    def rewrite(texts: Mapping[Place, str]) -> Deframed:
        seen.append(texts)
        return changed

    message = replace(asked(), with_texts=rewrite)
    assert await guarding(Says(MASK)).screened(message) is changed
    assert seen == [{PLACE: "what of ***?"}]


async def test_a_mask_that_cannot_be_put_in_place_blocks() -> None:
    with pytest.raises(RefusedError) as caught:
        await guarding(Says(MASK)).screened(asked())
    assert caught.value.refusal.reason is Reason.CONTENT_BLOCKED


async def test_a_message_that_a_mask_makes_wrong_is_refused() -> None:
    wrong = Refusal(Reason.TOO_LARGE, "too large")

    def rewrite(texts: Mapping[Place, str]) -> Refusal:
        assert texts
        return wrong

    message = replace(asked(), with_texts=rewrite)
    with pytest.raises(RefusedError) as caught:
        await guarding(Says(MASK)).screened(message)
    assert caught.value.refusal is wrong


async def test_an_answer_has_a_screen_where_a_guardrail_is_about_what_it_can_hold() -> None:
    says = Says(PASSED)
    made = guarding(says, Stage.TOOL_RESULT)
    screen = made.screen("mcp")
    assert screen is not None
    assert guarding(says, Stage.TOOL_CALL).screen("mcp") is None
    passage = Passage("x", PLACE, Stage.TOOL_RESULT, Part.TOOL_RESULT, "c")
    assert screen.whole([passage]).pending
    assert made.pending
    await made.consult()
    assert not made.pending
    assert not screen.whole([passage]).pending
    assert [question.direction for _, question in says.asked] == [Direction.RESPONSE]


def test_beside_answers_that_are_guarded_it_is_read_whose_answer_this_is() -> None:
    made = guarding(None, Stage.TOOL_CALL)
    screen = made.screen("mcp", beside=True)
    assert screen is not None
    passage = Passage("x", PLACE, Stage.TOOL_RESULT, Part.TOOL_RESULT, "c")
    assert screen.whole([passage]) == Screened()
    assert not made.pending
    assert made.screen("mcp") is None
    assert guarding(None, Stage.TOOL_CALL).screen("a2a", beside=True) is None
