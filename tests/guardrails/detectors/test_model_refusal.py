"""Refusals that a model words itself."""

from functools import cache

import pytest

from gateway.guardrails.budget import Budget
from gateway.guardrails.detector import NoOptions
from gateway.guardrails.detectors.model_refusal import DETECTOR, FIELD
from gateway.guardrails.patterns import Match, PatternSet
from gateway.model.finding import Level
from gateway.model.passage import Part


@cache
def _engine() -> PatternSet:
    return PatternSet({"model_refusal": DETECTOR.prepare(NoOptions()).patterns})


def _found(text: str, part: Part = Part.ASSISTANT) -> list[Match]:
    return _engine().find(text, part, None, Budget())


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I cannot do this.",
        "I cannot provide that information.",
        "I must respectfully decline.",
        "As an AI language model, I cannot do so.",
        "Es tut mir leid, aber ich kann dir dabei nicht helfen.",
        "Leider kann ich diese Anfrage nicht beantworten.",
        "Je suis désolé, mais je ne peux pas répondre.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar com isso.",
        "Het spijt me, maar ik kan je daar niet mee helpen.",
    ],
)
def test_a_refusal_is_found_and_is_high(text: str) -> None:
    assert Level.HIGH in {DETECTOR.levels.of(match.score) for match in _found(text)}


@pytest.mark.parametrize(
    "text",
    [
        "I can help you with that.",
        "You cannot divide by zero.",
        "Sorry for the delay, here is the file.",
        "Ich kann dir das gerne erklären.",
        "The function cannot return None.",
        "No puedo creer lo bonito que es Lisboa.",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert _found(text) == []


def test_weaker_wording_is_low() -> None:
    (match,) = _found("That would be against our guidelines.")
    assert DETECTOR.levels.of(match.score) is Level.LOW


def test_in_the_field_for_refusals_any_wording_is_certain() -> None:
    (match,) = _found("That would be against our guidelines.", Part.REFUSAL)
    assert match.score == FIELD


def test_only_what_models_say_is_looked_at() -> None:
    assert DETECTOR.prepare(NoOptions()).parts == {Part.ASSISTANT, Part.REFUSAL}
