"""All texts of one whole message judged."""

from itertools import count

from gateway.guardrails.origin import Origin
from gateway.model.finding import Action, SkipReason
from gateway.model.passage import Place, Stage
from gateway.model.screening import Screened
from tests.guardrails.guarding import book, guardrail, passage

MASKS = guardrail("masks", detectors="[{type: codes, action: mask}]")
BLOCKS = guardrail("blocks", stages="[request, tool_list]")


def test_texts_are_masked_at_their_places() -> None:
    one, two = Place(("a",)), Place(("b", 0))
    texts = [passage("a KEY-abc b", place=one), passage("plain", place=two)]
    verdict, outcome = book(MASKS).judge(("masks",), texts)
    assert verdict == Screened(texts={one: "a [KEY] b"})
    assert (outcome.masked, outcome.action) == (1, Action.MASK)


def test_a_mask_blocks_where_the_message_cannot_be_changed() -> None:
    verdict, outcome = book(MASKS).judge(("masks",), [passage("KEY-abc")], rewritable=False)
    assert verdict == Screened(blocked="blocked by guardrail masks (key)")
    assert outcome.action is Action.BLOCK


def test_a_key_of_an_object_that_is_to_be_masked_blocks() -> None:
    key = passage("KEY-abc", place=Place(("a", "KEY-abc"), key=True))
    assert book(MASKS).judge(("masks",), [key])[0].blocked is not None
    lax = guardrail(
        "masks", detectors="[{type: codes, action: mask}]", extra="scope: {keys: false}"
    )
    assert book(lax).judge(("masks",), [key])[0] == Screened()


def test_blocking_beats_masking_and_what_was_found_is_not_told() -> None:
    verdict, outcome = book(MASKS, BLOCKS).judge(
        ("masks", "blocks"), [passage("KEY-abc"), passage("CODE-1234", channel="other")]
    )
    assert verdict == Screened(blocked="blocked by guardrail blocks (code, key)")
    assert "KEY-abc" not in str(outcome)
    assert "CODE-1234" not in str(outcome)
    assert (outcome.masked, outcome.blocked_by) == (0, "blocks")


def test_an_item_of_a_list_is_left_out_in_place_of_refusing_all() -> None:
    texts = [
        passage("KEY-abc", stage=Stage.TOOL_LIST, item=0, place=Place(("tools", 0, "name"))),
        passage("fine", stage=Stage.TOOL_LIST, item=1, place=Place(("tools", 1, "name"))),
    ]
    verdict, outcome = book(BLOCKS).judge(("blocks",), texts)
    assert verdict == Screened(dropped=frozenset({0}))
    assert (outcome.dropped, outcome.blocked_by, outcome.action) == (1, "", Action.BLOCK)


def test_nothing_is_masked_in_an_item_that_is_left_out() -> None:
    masks = guardrail(
        "masks", stages="[tool_list]", detectors="[{type: codes, action: mask, categories: [key]}]"
    )
    blocks = guardrail(
        "blocks", stages="[tool_list]", detectors="[{type: codes, categories: [code]}]"
    )
    texts = [
        passage("KEY-abc", stage=Stage.TOOL_LIST, item=0, place=Place(("tools", 0, "name"))),
        passage("CODE-1234", stage=Stage.TOOL_LIST, item=0, place=Place(("tools", 0, "title"))),
    ]
    verdict = book(masks, blocks).judge(("masks", "blocks"), texts)[0]
    assert verdict == Screened(dropped=frozenset({0}))


def test_a_shadow_changes_nothing_and_is_recorded() -> None:
    shadow = guardrail("blocks", extra="mode: shadow")
    verdict, outcome = book(shadow).judge(("blocks",), [passage("KEY-abc")])
    assert verdict == Screened()
    assert (outcome.action, outcome.shadow, len(outcome.found)) == (None, Action.BLOCK, 1)


def test_texts_of_other_stages_are_not_judged() -> None:
    verdict, outcome = book(MASKS).judge(("masks",), [passage("KEY-abc", stage=Stage.TOOL_CALL)])
    assert (verdict, outcome.found) == (Screened(), ())


def test_what_is_left_when_the_time_is_up_is_skipped() -> None:
    clock = count(0, 2_000_000_000)
    texts = [passage("plain"), passage("KEY-abc", channel="late")]
    origin = Origin(ticks=lambda: next(clock))
    for on_error, blocked in (("closed", True), ("open", False)):
        judging = book(guardrail("g", extra=f"on_error: {on_error}"))
        verdict, outcome = judging.judge(("g",), texts, origin)
        assert (verdict.blocked is not None) is blocked
        assert [(one.skipped.channel, one.skipped.reason) for one in outcome.missed] == [
            ("late", SkipReason.TIMEOUT)
        ]
        assert outcome.found == ()


def test_callers_who_are_told_nothing_learn_that_it_was_blocked() -> None:
    verdict = book(BLOCKS).judge(("blocks",), [passage("KEY-abc")], Origin(opaque=True))[0]
    assert verdict.blocked == "blocked"
