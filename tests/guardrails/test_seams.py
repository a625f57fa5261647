"""What is split over the parts of a message is found where they meet."""

from collections.abc import Sequence

import pytest

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.seams import REACH, seams
from gateway.model.passage import Passage, Place, Stage
from gateway.model.screening import Screened
from tests.guardrails.guarding import book, findings, guardrail, passage

BLOCKS = guardrail("g", stages="[request, response, tool_result]")
MASKS = guardrail("g", detectors="[{type: codes, action: mask}]")
LOUD = guardrail("g", detectors="[{type: loud}]")


def parts(*texts: str, stage: Stage = Stage.REQUEST) -> list[Passage]:
    return [
        passage(text, place=Place(("content", index, "text")), stage=stage, channel=f"c/{index}")
        for index, text in enumerate(texts)
    ]


def judged(document: str, texts: Sequence[Passage]) -> Screened:
    return book(document).judge(("g",), texts)[0]


@pytest.mark.parametrize(
    "texts",
    [
        ("a COD", "E-1234 b"),
        ("C", "O", "D", "E", "-", "12", "34"),
        ("x" * 5_000 + "CODE-", "1234" + "y" * 5_000),
        ("x" * 5_000, "CO", "DE-12", "34" + "y" * 5_000, "z"),
    ],
)
def test_what_is_split_over_parts_is_blocked(texts: tuple[str, ...]) -> None:
    assert judged(BLOCKS, parts(*texts)).blocked == "blocked by guardrail g (code)"
    assert judged(BLOCKS, parts(*texts, stage=Stage.TOOL_RESULT)).blocked is not None


def test_the_finding_is_told_of_the_part_that_it_reaches_into() -> None:
    _, outcome = book(BLOCKS).judge(("g",), parts("a COD", "E-1234 b"))
    assert findings(outcome) == [("code", 0, 8, "block")]
    assert [one.finding.channel for one in outcome.found] == ["c/1"]


def test_a_mask_that_would_reach_over_a_border_blocks() -> None:
    assert judged(MASKS, parts("KEY-", "abc")).blocked is not None


def test_what_is_whole_in_a_part_is_found_once_and_masked() -> None:
    texts = parts("a KEY-abc", "b KEY-def", "KEY-ghi")
    verdict, outcome = book(MASKS).judge(("g",), texts)
    assert list(verdict.texts.values()) == ["a [KEY]", "b [KEY]", "[KEY]"]
    assert len(outcome.found) == 3


def test_parts_that_are_loud_together_are_judged_together() -> None:
    assert judged(LOUD, parts("a!!", "b!!")).blocked is not None
    assert judged(LOUD, parts("a!!" + "x" * 5_000, "y" * 5_000 + "b!!")).blocked is None


def test_strings_that_are_no_parts_of_one_message_are_not_joined() -> None:
    apart = [
        passage("KEY-", place=Place(("messages", 0, "content"))),
        passage("abc", place=Place(("messages", 1, "content"))),
    ]
    assert judged(MASKS, apart) == Screened()
    one, other = parts("KEY-", "abc")
    assert judged(MASKS, [one, passage("abc", place=Place(("other", 0, "text")))]) == Screened()
    assert judged(BLOCKS, parts("COD", "E-1234", stage=Stage.RESPONSE)) == Screened()
    assert judged(MASKS, [other, one]) == Screened()


def test_no_more_of_long_parts_is_joined_than_can_reach_over() -> None:
    bare, lined = next(seams(parts("a" * 10_000, "b" * 10_000, "c" * 10_000)))
    assert bare.text.count("a") == bare.text.count("c") == REACH
    assert bare.text.count("b") == lined.text.count("b") == 2 * REACH
    assert bare.crossing(0, REACH + 1) is not None
    assert bare.crossing(0, len(bare.text)) is None


def test_what_a_line_ends_is_not_taken_for_what_it_becomes_without() -> None:
    word = Pattern("word", "W[a-z]+|[a-z]+W", "word", 0.9)
    words: Detector[NoOptions] = Detector(
        "words", "Words.", {"word": "Wabc"}, NoOptions, lambda _: Prepared((word,))
    )
    judging = book(
        guardrail("g", detectors="[{type: words, action: mask}]"), detectors={"words": words}
    )
    for texts, want in ((("a Wabc", "def"), "a [WORD]"), (("abc", "defW a"), "[WORD] a")):
        verdict, _ = judging.judge(("g",), parts(*texts))
        assert list(verdict.texts.values()) == [want]
