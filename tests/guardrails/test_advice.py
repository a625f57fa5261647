"""What providers are asked, and what follows from what they say."""

from dataclasses import replace

from gateway.guardrails.advice import Advice
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
    not_judged,
)
from gateway.model.finding import Action, Level, SkipReason
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.screening import Screened

PLACE, OTHER = Place(("a",)), Place(("b",))
TEXT = Passage("some text", PLACE, Stage.REQUEST, Part.USER, "a")
TOOL = Passage("a tool", OTHER, Stage.REQUEST, Part.USER, "b", item=3)
BAD = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH, 0),))
LOCAL = Screened()


def guard(name: str = "edge", *, shadow: bool = False, closed: bool = True) -> Guard:
    use = ProviderUse("judge")
    return Guard(
        name, frozenset({Stage.REQUEST}), (), shadow=shadow, closed=closed, providers=(use,)
    )


def advice(*guards: Guard) -> Advice:
    return Advice(guards or (guard(),), Direction.REQUEST, "m", opaque=False)


def verdict(
    one: Advice, said: ProviderVerdict, *passages: Passage, local: Screened = LOCAL
) -> Screened:
    asked = one.asked(passages, local)
    verdicts: dict[tuple[str, Question], ProviderVerdict] = {each.key: said for each in asked}
    return one.verdict(local, asked, verdicts, rewritable=True)


def test_nothing_is_asked_of_a_message_that_is_blocked_already() -> None:
    assert advice().asked([TEXT], Screened(blocked="no")) == ()


def test_what_is_masked_or_left_out_is_so_in_the_question() -> None:
    local = Screened(texts={PLACE: "some [X]"}, dropped=frozenset({3}))
    (asked,) = advice().asked([TEXT, TOOL], local)
    assert asked.about.question.texts == ("some [X]",)
    assert asked.key[0] == "judge"


def test_a_guardrail_without_a_provider_asks_nobody() -> None:
    assert not advice(Guard("quiet", frozenset({Stage.REQUEST}), ())).wanted


def test_what_passes_leaves_the_verdict_as_it_was() -> None:
    local = Screened(texts={PLACE: "some [X]"})
    one = advice()
    assert verdict(one, PASSED, TEXT, local=local) == local
    assert one.outcome().found == ()


def test_a_block_tells_the_guardrail_and_the_category() -> None:
    one = advice()
    assert verdict(one, BAD, TEXT).blocked == "blocked by guardrail edge (hate)"
    assert one.outcome().blocked_by == "edge"
    assert one.outcome().action is Action.BLOCK


def test_a_block_in_an_item_of_a_list_leaves_out_the_item() -> None:
    one = advice()
    said = verdict(one, BAD, TOOL)
    assert (said.blocked, said.dropped) == (None, frozenset({3}))
    assert one.outcome().dropped == 1


def test_a_mask_replaces_the_text() -> None:
    said = ProviderVerdict(
        ProviderAction.MASK, (ProviderFinding("pii", Level.HIGH, 0),), ("some ****",)
    )
    one = advice()
    assert verdict(one, said, TEXT).texts == {PLACE: "some ****"}
    assert one.outcome().masked == 1


def test_no_answer_is_no_permission_unless_the_guardrail_is_open() -> None:
    one = advice()
    asked = one.asked([TEXT], LOCAL)
    assert one.verdict(LOCAL, asked, {}, rewritable=True).blocked is not None
    assert [each.action for each in one.outcome().missed] == [Action.BLOCK]
    free = advice(guard(closed=False))
    asked = free.asked([TEXT], LOCAL)
    assert free.verdict(LOCAL, asked, {}, rewritable=True).blocked is None


def test_a_guardrail_in_shadow_changes_nothing_and_is_recorded() -> None:
    one = advice(guard(shadow=True))
    assert verdict(one, BAD, TEXT) == LOCAL
    assert one.outcome().shadow is Action.BLOCK


def test_an_item_that_is_bad_somewhere_or_not_judged_is_left_out_alone() -> None:
    tools = [replace(TOOL, item=index, text=f"tool {index}") for index in range(3)]
    nowhere = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH),))
    one = advice()
    asked = one.asked(tools, LOCAL)
    said = [PASSED, nowhere, not_judged(SkipReason.TIMEOUT)]
    verdicts = dict(zip((each.key for each in asked), said, strict=True))
    found = one.verdict(LOCAL, asked, verdicts, rewritable=True)
    assert (found.blocked, found.dropped) == (None, {1, 2})
