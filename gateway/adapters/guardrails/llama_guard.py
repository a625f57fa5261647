"""What Llama Guard is asked, and how it answers. No I/O, no clock.

The chat template of the model puts its task around the conversation; it judges the last message.
It answers "safe", or "unsafe" and a line of categories, S1 to S14 of the MLCommons taxonomy.

Source: the model cards of Llama Guard 3 and 4.
"""

import math
import re
from typing import Final

from gateway.adapters.guardrails.reading import as_list, as_number, as_object, as_text, unreadable
from gateway.guardrails.provider import DANGEROUS, HARASSMENT, HATE, SEXUAL, Direction
from gateway.model.finding import Level, Levels
from gateway.model.jsonvalue import JsonObject, JsonValue

LEVELS: Final = Levels()
"""Of the probability of the word "unsafe"."""

CATEGORIES: Final = {
    "S1": DANGEROUS,  # violent crimes
    "S2": DANGEROUS,  # non-violent crimes
    "S3": SEXUAL,  # sex-related crimes
    "S4": SEXUAL,  # child sexual exploitation
    "S5": HARASSMENT,  # defamation
    "S6": "specialised_advice",
    "S7": "privacy",
    "S8": "intellectual_property",
    "S9": DANGEROUS,  # indiscriminate weapons
    "S10": HATE,
    "S11": DANGEROUS,  # suicide and self-harm
    "S12": SEXUAL,  # sexual content
    "S13": "elections",
    "S14": "code_interpreter_abuse",
}
"""Our categories; what is none of the four of responsible AI has a name of its own."""

UNSAFE: Final = "unsafe"
"""The category of what the model calls unsafe without one that is known."""

_SPECIAL: Final = re.compile(r"<(?=\||/?(?:BEGIN|END) )")
_CODES: Final = re.compile(r"S[0-9]{1,2}")


def harmless(text: str) -> str:
    """A text in which nothing can end its place in the prompt: special tokens and the marks of the
    template are broken by a space."""
    return _SPECIAL.sub("< ", text)


def request(text: str, direction: Direction) -> JsonObject:
    """The body of a chat completion, but for the model."""
    content = harmless(text)
    messages: list[JsonValue] = [{"role": "user", "content": content}]
    if direction is Direction.RESPONSE:
        # The template wants turns that alternate; the question itself is not at hand.
        messages = [
            {"role": "user", "content": "(not shown)"},
            {"role": "assistant", "content": content},
        ]
    return {
        "messages": messages,
        "temperature": 0,
        "max_tokens": 32,
        "logprobs": True,
        "top_logprobs": 5,
    }


def read(choice: JsonObject) -> dict[str, Level]:
    """The categories of one choice, each with its level. Raises `UnusableError` for anything but
    the two answers that the model is trained to give."""
    content = as_text(as_object(choice.get("message")).get("content"))
    lines = [line.strip() for line in content.strip().splitlines() if line.strip()]
    if lines == ["safe"]:
        return {}
    if not lines or lines[0] != "unsafe" or len(lines) > 2:
        raise unreadable()
    level = _level(choice)
    codes = [code.strip() for code in lines[1].split(",")] if len(lines) == 2 else []
    if not all(_CODES.fullmatch(code) for code in codes):
        raise unreadable()
    names = [CATEGORIES.get(code, UNSAFE) for code in codes] or [UNSAFE]
    return dict.fromkeys(names, level)


def _level(choice: JsonObject) -> Level:
    """By the log-probability of "unsafe", the first token that is not white space; HIGH where the
    server gives none. The model has said "unsafe", so LOW is the least that there is."""
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, dict) or logprobs.get("content") is None:
        return Level.HIGH
    for entry in as_list(logprobs["content"]):
        token = as_object(entry)
        if as_text(token.get("token")).strip():
            logprob = as_number(token.get("logprob"))
            return LEVELS.of(math.exp(min(logprob, 0.0))) or Level.LOW
    return Level.HIGH
