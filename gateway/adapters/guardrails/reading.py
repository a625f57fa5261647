"""Narrows what a service has answered. No I/O, no clock.

Each raises `UnusableError` (UNREADABLE) for what is missing or of another type: an answer that is
not understood says nothing, and least of all that a text is harmless.
"""

from gateway.adapters.guardrails.client import UnusableError
from gateway.model.finding import SkipReason
from gateway.model.jsonvalue import JsonObject, JsonValue


def unreadable() -> UnusableError:
    """To be raised for an answer that is not of the form of its service."""
    return UnusableError(SkipReason.UNREADABLE)


def as_object(value: JsonValue) -> JsonObject:
    """An object."""
    if not isinstance(value, dict):
        raise unreadable()
    return value


def as_list(value: JsonValue) -> list[JsonValue]:
    """An array."""
    if not isinstance(value, list):
        raise unreadable()
    return value


def as_text(value: JsonValue) -> str:
    """A string."""
    if not isinstance(value, str):
        raise unreadable()
    return value


def as_number(value: JsonValue) -> float:
    """A number, no boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unreadable()
    return float(value)


def as_int64(value: JsonValue) -> int:
    """An integer of proto3's JSON, where those of 64 bits are strings; 0 where it is left out."""
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise unreadable()
    return value


def masked_texts(value: JsonValue, asked: tuple[str, ...]) -> tuple[str, ...]:
    """As many strings as were asked about."""
    texts = tuple(as_text(text) for text in as_list(value))
    if len(texts) != len(asked):
        raise unreadable()
    return texts
