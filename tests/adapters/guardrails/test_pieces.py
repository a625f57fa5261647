import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.guardrails.client import UnusableError
from gateway.adapters.guardrails.pieces import OVERLAP, Pieces, all_of, cut, rejoined
from gateway.config.providers import ProviderCache
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason
from tests.adapters.guardrails.asked import question

SIZE = 1_000
KEPT = ProviderCache()


class Finder:
    """Finds, or masks, a word; knows what it was asked."""

    def __init__(self, word: str, mask: str | None = None) -> None:
        self.word = word
        self.mask = mask
        self.asked: list[str] = []

    async def __call__(self, question: Question) -> ProviderVerdict:
        (text,) = question.texts
        self.asked.append(text)
        start = text.find(self.word)
        if start < 0:
            return PASSED
        span = (start, start + len(self.word))
        finding = (ProviderFinding("word", Level.HIGH, 0, span),)
        if self.mask is None:
            return ProviderVerdict(ProviderAction.BLOCK, finding)
        masked = (text.replace(self.word, self.mask),)
        return ProviderVerdict(ProviderAction.MASK, finding, masked)


@given(st.integers(0, 5 * SIZE), st.integers(OVERLAP + 1, 2 * SIZE))
def test_pieces_cover_a_text_and_neighbours_share_the_overlap(length: int, size: int) -> None:
    text = "".join(chr(0x100 + index % 5_000) for index in range(length))
    pieces = cut(text, size)
    assert pieces[0][0] == 0
    assert all(text[start : start + len(piece)] == piece for start, piece in pieces)
    assert all(len(piece) <= size for _, piece in pieces)
    assert pieces[-1][0] + len(pieces[-1][1]) == length
    for (start, piece), (after, _) in pairwise(pieces):
        assert start + len(piece) - after == OVERLAP
    assert rejoined(text, pieces, [piece for _, piece in pieces]) == text


@given(st.integers(0, 3 * SIZE - 10))
def test_a_masked_text_is_put_back_or_given_up_but_never_wrong(at: int) -> None:
    text = ("ab" * (2 * SIZE))[: 3 * SIZE]
    text = text[:at] + "SECRET" + text[at + 6 :]
    pieces = cut(text, SIZE)
    masked = [piece.replace("SECRET", "[X]") for _, piece in pieces]
    assert rejoined(text, pieces, masked) in {text.replace("SECRET", "[X]"), None}


async def test_each_text_is_asked_about_alone_and_once() -> None:
    finder = Finder("bad")
    verdict = await Pieces(finder, SIZE, KEPT).judge(question("good", "bad", "good", " "))
    assert sorted(finder.asked) == ["bad", "good"]
    assert verdict == ProviderVerdict(
        ProviderAction.BLOCK, (ProviderFinding("word", Level.HIGH, 1, (0, 3)),)
    )


async def test_the_next_turn_of_a_conversation_asks_about_what_is_new() -> None:
    finder = Finder("bad")
    pieces = Pieces(finder, SIZE, KEPT)
    await pieces.judge(question("one"))
    await pieces.judge(question("one", "two"))
    await pieces.judge(question("one", response=True))
    assert finder.asked == ["one", "two", "one"]


async def test_places_in_pieces_are_those_of_the_text_and_told_once() -> None:
    at = SIZE - OVERLAP + 50  # in two pieces
    text = "x" * at + "bad" + "x" * SIZE
    verdict = await Pieces(Finder("bad"), SIZE, KEPT).judge(question("", text))
    assert verdict.findings == (ProviderFinding("word", Level.HIGH, 1, (at, at + 3)),)


async def test_masks_of_all_texts_come_back_in_their_order() -> None:
    long = "".join(chr(0x100 + index) for index in range(2 * SIZE)) + "bad"
    verdict = await Pieces(Finder("bad", "*"), SIZE, KEPT).judge(question("a bad", "", "b", long))
    assert verdict.action is ProviderAction.MASK
    assert verdict.texts == ("a *", "", "b", long[:-3] + "*")


async def test_a_mask_where_two_pieces_meet_blocks() -> None:
    at = SIZE - OVERLAP + 50
    text = "x" * at + "bad" + "x" * SIZE
    verdict = await Pieces(Finder("bad", "*"), SIZE, KEPT).judge(question(text))
    assert (verdict.action, verdict.texts) == (ProviderAction.BLOCK, None)


async def test_one_piece_that_was_skipped_is_told_beside_what_the_others_say() -> None:
    async def half(one: Question) -> ProviderVerdict:
        if one.texts == ("bad",):
            return await Finder("bad")(one)
        return ProviderVerdict(skipped=SkipReason.ERROR)

    verdict = await Pieces(half, SIZE, KEPT).judge(question("bad", "other"))
    assert (verdict.action, verdict.skipped) == (ProviderAction.BLOCK, SkipReason.ERROR)


async def test_blank_texts_alone_ask_nothing() -> None:
    finder = Finder("bad")
    assert await Pieces(finder, SIZE, KEPT).judge(question("", " ")) == PASSED
    assert finder.asked == []


async def test_when_one_call_fails_the_others_end() -> None:
    cancelled = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def fails() -> None:
        raise UnusableError(SkipReason.ERROR)

    with pytest.raises(UnusableError):
        await all_of([waits(), fails()])
    await asyncio.wait_for(cancelled.wait(), 20)
