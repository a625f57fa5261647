"""Refusals that the structure of an answer says."""

import pytest

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.detectors import find_detectors
from gateway.model.finding import Action
from gateway.model.outcome import Outcome
from gateway.model.passage import Part, Stage
from tests.guardrails.guarding import book, guardrail, passage


def judging(action: str = "annotate", extra: str = "", more: str = "") -> GuardrailBook:
    detectors = f"[{{type: model_refusal, action: {action}{more}}}]"
    return book(guardrail("g", detectors=detectors, extra=extra), detectors=find_detectors())


def told(outcome: Outcome) -> list[tuple[str, str, Action]]:
    found = outcome.found
    return [(one.finding.detector, one.finding.category, one.action) for one in found]


STRUCTURED = [("model_refusal", "structured", Action.ANNOTATE)]


@pytest.mark.parametrize("action", ["annotate", "mask", "block"])
def test_a_text_in_the_field_for_refusals_annotates_whatever_it_says(action: str) -> None:
    text = passage("No.", stage=Stage.RESPONSE, part=Part.REFUSAL)
    verdict, outcome = judging(action).judge(("g",), [text])
    assert told(outcome) == STRUCTURED
    assert verdict.blocked is None
    assert verdict.texts == {}


def test_the_same_text_elsewhere_is_no_refusal() -> None:
    _, outcome = judging().judge(("g",), [passage("No.", stage=Stage.RESPONSE)])
    assert told(outcome) == []


@pytest.mark.parametrize("size", [1, 5, 500])
def test_it_is_found_in_a_stream_as_in_the_whole(size: int) -> None:
    text = "I'm sorry, but I can't help with that. " * 5
    screen = judging().screen(("g",))
    channel = screen.channel("text", Stage.RESPONSE, Part.REFUSAL)
    out = [channel.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(out) + channel.finish() == text
    whole = passage(text, stage=Stage.RESPONSE, part=Part.REFUSAL)
    _, outcome = judging().judge(("g",), [whole])
    assert screen.outcome().found == outcome.found
    assert STRUCTURED[0] in told(outcome)


def stopped(book: GuardrailBook, reason: str) -> Outcome:
    screen = book.screen(("g",))
    screen.stopped(reason)
    screen.stopped(reason)
    return screen.outcome()


@pytest.mark.parametrize("finish", ["content_filter", "refusal"])
def test_a_model_that_stops_for_that_reason_has_refused(finish: str) -> None:
    outcome = stopped(judging("block"), finish)
    assert told(outcome) == STRUCTURED
    assert (outcome.action, outcome.shadow) == (Action.ANNOTATE, None)


def test_another_reason_or_a_guardrail_that_does_not_look_for_refusals_says_nothing() -> None:
    assert told(stopped(judging(), "stop")) == []
    assert told(stopped(book(guardrail("g")), "refusal")) == []
    assert told(stopped(judging(more=", categories: [refusal]"), "refusal")) == []


def test_in_shadow_it_is_recorded_as_such() -> None:
    outcome = stopped(judging(extra="mode: shadow"), "refusal")
    assert (outcome.action, outcome.shadow) == (None, Action.ANNOTATE)
