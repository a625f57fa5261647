"""An answer that providers are asked about."""

from gateway.guardrails.advice import Advice
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.consulting_screen import CONTEXT, PIECE, UNSEEN, ConsultingScreen
from gateway.guardrails.guard import Guard, ProviderUse
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
)
from gateway.model.finding import Level
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.screening import AnswerScreen, Screened, TextScreen

GUARD = Guard("edge", frozenset({Stage.RESPONSE}), (), providers=(ProviderUse("judge"),))
TEXT = Passage("some text", Place(("a",)), Stage.RESPONSE, Part.ASSISTANT, "a")
BAD = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH, 0),))


def screen() -> ConsultingScreen:
    local = GuardrailBook([GUARD]).screen(["edge"])
    return ConsultingScreen(local, Advice([GUARD], Direction.RESPONSE, "m", opaque=False))


def answer(one: ConsultingScreen, verdict: ProviderVerdict = PASSED) -> list[str]:
    """Answers every open question; the texts that were asked about."""
    asked = one.questions
    one.answer(dict.fromkeys(asked, verdict))
    return [question.texts[0] for _, question in asked]


def channel(one: ConsultingScreen) -> TextScreen:
    return one.channel("a", Stage.RESPONSE, Part.ASSISTANT)


def masked(text: str) -> ProviderVerdict:
    return ProviderVerdict(ProviderAction.MASK, (ProviderFinding("pii", Level.HIGH, 0),), (text,))


def test_it_is_what_readers_ask() -> None:
    made: AnswerScreen = screen()
    assert (made.blocked, made.pending) == (None, False)


def test_a_message_is_known_when_its_provider_has_answered() -> None:
    one = screen()
    assert one.whole([TEXT]) == Screened(pending=True)
    assert one.pending
    assert answer(one) == ["some text"]
    assert not one.pending
    assert one.whole([TEXT]) == Screened()
    assert one.whole([TEXT]) == Screened()
    assert not one.pending


def test_what_a_provider_blocks_ends_the_answer() -> None:
    one = screen()
    one.whole([TEXT])
    answer(one, BAD)
    assert one.whole([TEXT]).blocked == one.blocked == "blocked by guardrail edge (hate)"
    assert one.outcome().blocked_by == "edge"


def test_a_text_in_pieces_is_held_until_its_provider_has_seen_it() -> None:
    one = screen()
    text = channel(one)
    assert text.feed("x" * (PIECE - 1)) == ""
    assert not one.pending
    assert text.feed("y") == ""
    assert answer(one) == ["x" * (PIECE - 1) + "y"]
    assert text.feed("") == "x" * (PIECE - 1) + "y"
    assert text.finish() == ""


def test_each_piece_is_asked_about_with_what_went_before() -> None:
    one = screen()
    text = channel(one)
    text.feed("x" * PIECE)
    answer(one)
    text.feed("")
    assert text.feed("tail") == ""
    assert text.finish() == ""
    assert answer(one) == ["x" * CONTEXT + "tail"]
    assert text.finish() == "tail"
    assert text.finish() == ""


def test_a_provider_masks_in_what_has_not_gone() -> None:
    one = screen()
    text = channel(one)
    text.feed("x" * PIECE)
    answer(one)
    text.feed("")
    text.feed("tail")
    text.finish()
    answer(one, masked("x" * CONTEXT + "****"))
    assert text.finish() == "****"


def test_a_mask_in_what_has_gone_blocks() -> None:
    one = screen()
    text = channel(one)
    text.feed("x" * PIECE)
    answer(one)
    text.feed("")
    text.feed("tail")
    text.finish()
    answer(one, masked("****" + "x" * (CONTEXT - 4) + "tail"))
    assert text.finish() == ""
    assert one.blocked == UNSEEN


def test_how_a_text_is_cut_does_not_change_what_is_asked() -> None:
    asked: list[list[str]] = []
    for size in (1, 7, 5000):
        one, texts, whole = screen(), list[str](), "abcdefghij" * 300
        text = channel(one)
        for start in range(0, len(whole), size):
            text.feed(whole[start : start + size])
            while one.pending:
                texts += answer(one)
                text.feed("")
        text.finish()
        while one.pending:
            texts += answer(one)
            text.finish()
        asked.append(texts)
    assert asked[0] == asked[1] == asked[2]
