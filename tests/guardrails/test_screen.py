"""One answer screened."""

from gateway.guardrails.budget import CALLS, EARNED
from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.screen import MANY
from gateway.model.passage import Part, Stage
from gateway.model.screening import AnswerScreen, Screened
from tests.guardrails.guarding import book, findings, guardrail, passage

JUDGING = book(
    guardrail("masks", detectors="[{type: codes, action: mask, categories: [key]}]"),
    guardrail("blocks", detectors="[{type: codes, categories: [code]}]"),
)
NAMES = ("masks", "blocks")


def test_a_screen_is_what_readers_ask() -> None:
    screen: AnswerScreen = JUDGING.screen(NAMES)
    assert (screen.blocked, screen.pending) == (None, False)


def test_the_same_passages_are_judged_once() -> None:
    screen = JUDGING.screen(NAMES)
    texts = [passage("KEY-abc", stage=Stage.RESPONSE)]
    first, second = screen.whole(texts), screen.whole(list(texts))
    assert first is second
    assert (len(screen.outcome().found), screen.outcome().masked) == (1, 1)


def test_what_blocks_in_one_text_ends_the_whole_answer() -> None:
    screen = JUDGING.screen(NAMES)
    one = screen.channel("one", Stage.RESPONSE, Part.ASSISTANT)
    other = screen.channel("other", Stage.RESPONSE, Part.ASSISTANT)
    assert other.feed("a " * 100) == "a " * 36
    assert one.feed("CODE-1234 ") == ""
    assert screen.blocked is None  # the rest may still change it
    assert one.finish() == ""
    assert screen.blocked == "blocked by guardrail blocks (code)"
    assert (other.feed("more"), other.finish()) == ("", "")
    assert screen.outcome().released == 72


def test_each_whole_message_is_judged_by_itself() -> None:
    screen = JUDGING.screen(NAMES)
    bad = screen.whole([passage("CODE-1234", stage=Stage.RESPONSE)])
    assert bad.blocked == screen.blocked == "blocked by guardrail blocks (code)"
    assert screen.whole([passage("fine", stage=Stage.RESPONSE)]) == Screened()
    assert screen.blocked == "blocked by guardrail blocks (code)"


def test_a_channel_keeps_its_screen() -> None:
    screen = JUDGING.screen(NAMES)
    first = screen.channel("c", Stage.RESPONSE, Part.ASSISTANT)
    assert first is screen.channel("c", Stage.RESPONSE, Part.ASSISTANT)
    assert first is not screen.channel("c", Stage.RESPONSE, Part.REASONING)
    assert first.feed("KEY-") == ""
    assert first.feed("abc" + "." * 200).startswith("[KEY]..")


def test_a_text_that_nobody_is_about_passes_at_once() -> None:
    screen = JUDGING.screen(NAMES)
    free = screen.channel("c", Stage.NOTIFICATION, Part.NOTIFICATION)
    assert (free.feed("CODE-1234"), free.finish()) == ("CODE-1234", "")


def test_an_event_that_says_a_streamed_text_again_finds_nothing_more() -> None:
    screen = JUDGING.screen(NAMES)
    channel = screen.channel("text", Stage.RESPONSE, Part.USER)
    assert channel.feed("a KEY-abc b") + channel.finish() == "a [KEY] b"
    again = screen.whole([passage("a KEY-abc b", stage=Stage.RESPONSE)])
    assert list(again.texts.values()) == ["a [KEY] b"]
    assert findings(screen.outcome()) == [("key", 2, 9, "mask")]


def test_an_answer_of_ever_more_texts_forgets_those_that_have_ended() -> None:
    screen = JUDGING.screen(NAMES)
    first = screen.channel("first", Stage.RESPONSE, Part.ASSISTANT)
    assert first.feed("KEY-") == ""
    ended = screen.channel("ended", Stage.RESPONSE, Part.ASSISTANT)
    assert ended.finish() == ""
    for number in range(MANY):
        assert screen.channel(f"parts/{number}", Stage.RESPONSE, Part.ASSISTANT).finish() == ""
    assert screen.channel("first", Stage.RESPONSE, Part.ASSISTANT) is first
    assert screen.channel("ended", Stage.RESPONSE, Part.ASSISTANT) is not ended
    assert first.feed("abc" + "." * 200).startswith("[KEY]..")


def test_a_stream_of_messages_gets_back_what_earlier_ones_spent() -> None:
    pattern = Pattern("twin", "twin", "twin", 0.9, costly=True, validate=lambda _: 0.9)
    twins: Detector[NoOptions] = Detector(
        "twins", "Twins.", {"twin": "twin"}, NoOptions, lambda _: Prepared((pattern,))
    )
    judging = book(guardrail(detectors="[{type: twins, action: log}]"), detectors={"twins": twins})
    screen = judging.screen(("g",))
    crowd = "twin " * (CALLS + 1)
    first = screen.whole([passage(crowd, stage=Stage.RESPONSE)])
    assert first.blocked == "blocked by guardrail g (not judged)"
    assert screen.whole([passage("a twin", stage=Stage.RESPONSE)]).blocked is not None
    assert screen.whole([passage("." * EARNED, stage=Stage.RESPONSE)]) == Screened()
    assert screen.whole([passage("a twin again", stage=Stage.RESPONSE)]) == Screened()
