"""Where the parts of a JSON text are, and the text with some replaced. Pure: no I/O, no clock.

An edit by position keeps every other byte: numbers are not rounded, unknown members, order and
white space stay. The text must have passed `strictjson.decode`; on other text these functions
may raise ValueError.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SKIP: Final = json.JSONDecoder()


class Span(NamedTuple):
    """A half-open range of characters that is one JSON value."""

    start: int
    end: int


def root(text: str) -> Span:
    """The document's value, without the white space around it."""
    return _value(text, 0)


def members(text: str, parent: Span) -> dict[str, Span]:
    """The values of the object at `parent`, by key."""
    found: dict[str, Span] = {}
    at = _after_space(text, parent.start + 1)
    while text[at] != "}":
        key, at = _string(text, at)
        at = _after_space(text, at)
        found[key] = _value(text, at + 1)  # past the colon
        at = _next(text, found[key].end)
    return found


def member(text: str, parent: Span, key: str) -> Span | None:
    """The value of `key` in the object at `parent`; None if it has no such key, or is no object.

    What follows is not read, unlike by `members`.
    """
    if text[parent.start] != "{":
        return None
    at = _after_space(text, parent.start + 1)
    while text[at] != "}":
        found, at = _string(text, at)
        value = _value(text, _after_space(text, at) + 1)
        if found == key:
            return value
        at = _next(text, value.end)
    return None


def step(text: str, parent: Span, where: str | int) -> Span | None:
    """The value of a member or the element of that number; None if the value at `parent` has none
    such."""
    if isinstance(where, str):
        return member(text, parent, where)
    if text[parent.start] != "[":
        return None
    found = elements(text, parent)
    return found[where] if where < len(found) else None


def member_at(text: str, key: int) -> Span:
    """The value of the member whose key begins at the character `key`."""
    _, at = _string(text, key)
    return _value(text, _after_space(text, at) + 1)  # past the colon


def objects(text: str) -> list[Span]:
    """The document's value if it is an object, the elements of it that are if it is an array."""
    whole = Span(_after_space(text, 0), len(text.rstrip(" \t\r\n")))
    spans = elements(text, whole) if text[whole.start] == "[" else [whole]
    return [span for span in spans if text[span.start] == "{"]


def elements(text: str, parent: Span) -> list[Span]:
    """The elements of the array at `parent`."""
    return list(_elements(text, parent))


def spliced(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    """`text` with the (disjoint) spans replaced."""
    parts: list[str] = []
    at = 0
    for span, replacement in sorted(edits):
        parts += (text[at : span.start], replacement)
        at = span.end
    return "".join((*parts, text[at:]))


def _elements(text: str, parent: Span) -> Iterator[Span]:
    at = _after_space(text, parent.start + 1)
    while text[at] != "]":
        span = _value(text, at)
        yield span
        at = _next(text, span.end)


def _next(text: str, at: int) -> int:
    """Past white space and one comma, at the next member or the closing bracket."""
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _value(text: str, at: int) -> Span:
    start = _after_space(text, at)
    _, end = _SKIP.raw_decode(text, start)
    return Span(start, end)


def _string(text: str, at: int) -> tuple[str, int]:
    value, end = _SKIP.raw_decode(text, at)
    return str(value), end
