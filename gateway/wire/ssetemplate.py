"""Events that differ from one that was read in a piece of one text alone. Pure: no I/O, no clock.

Nearly all events of a model's stream do. What is before and after the text is then, byte for byte,
that of an event that was read strictly, and what is between is one JSON string: reading it again
would find the same members with another text, at ten times the cost.
"""

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Final

from gateway.wire import jsonspans
from gateway.wire.sse import Event

MOST: Final = 4
"""Templates of one stream: one for each choice that comes at a time."""

TRIES: Final = 16
"""Events of one stream that are looked at, before it is taken for one without such events."""

_WITHIN: Final = re.compile(rb'[^"\\\x00-\x1f]*(?:\\["\\/bfnrt][^"\\\x00-\x1f]*)*')
"""What a JSON string says between its quotes. One with an escaped character code is read as a
document: it may be half of a character."""


@dataclass(frozen=True, slots=True)
class Template:
    """An event around its text: as it comes, and as it goes on. `key` is of the text, for whoever
    made the template."""

    key: tuple[int, str]
    before: bytes
    after: bytes
    said_before: bytes
    said_after: bytes
    same: bool
    """Whether it goes on as it comes."""

    def text(self, raw: bytes) -> str | None:
        """The text of an event of this kind; None of any other."""
        if not (raw.startswith(self.before) and raw.endswith(self.after)):
            return None
        start, end = len(self.before), len(raw) - len(self.after)
        if start > end or _WITHIN.fullmatch(raw, start, end) is None:
            return None
        try:
            text = raw[start:end].decode("utf-8")
        except UnicodeDecodeError:
            return None
        if "\\" not in text:
            return text
        read: str = json.loads(f'"{text}"')
        return read

    def said(self, text: str) -> bytes:
        """The event as it goes on with another text."""
        return self.said_before + encode_basestring_ascii(text)[1:-1].encode() + self.said_after


class Templates:
    """Those of one stream."""

    __slots__ = ("_left", "_made")

    def __init__(self) -> None:
        self._made: list[Template] = []
        self._left = TRIES

    def try_once_more(self) -> bool:
        """Whether to look if an event is one to remember: a stream of which none is must not be
        looked at for ever."""
        self._left -= 1
        return self._left >= 0

    def find(self, raw: bytes) -> tuple[Template, str] | None:
        """What the event is like, and its text; None for one that has to be read."""
        for template in self._made:
            text = template.text(raw)
            if text is not None:
                return template, text
        return None

    def add(
        self, key: tuple[int, str], event: Event, said: bytes, path: tuple[str | int, ...]
    ) -> None:
        """Remember an event that was read strictly, that went on as `said`, and in which a piece of
        the text `key` is at `path` and all else may come again. One in another form than servers
        write is left alone."""
        came, went = _around(event.raw, path), _around(said, path)
        if came is not None and went is not None:
            self._made = [*self._made[-MOST + 1 :], Template(key, *came, *went, came == went)]


def _around(raw: bytes, path: tuple[str | int, ...]) -> tuple[bytes, bytes] | None:
    """What is before and after the text at `path`, its quotes included; None of an event whose data
    is not its last line, or not one."""
    head, mark, rest = raw.partition(b"data: ")
    if not mark or not rest.endswith(b"}\n\n") or b"\n" in rest[:-2] or b"data" in head:
        return None
    text = rest.decode("utf-8")
    span = _found(text, path)
    if span is None or text[span.start] != '"':
        return None
    before, after = text[: span.start + 1].encode(), text[span.end - 1 :].encode()
    return head + mark + before, after


def _found(text: str, path: tuple[str | int, ...]) -> jsonspans.Span | None:
    at: jsonspans.Span | None = jsonspans.root(text)
    for step in path:
        if at is None:
            return None
        if isinstance(step, str):
            at = jsonspans.member(text, at, step)
        else:
            elements = jsonspans.elements(text, at)
            at = elements[step] if step < len(elements) else None
    return at
