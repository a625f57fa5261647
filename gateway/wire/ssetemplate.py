"""Events that differ from one that was read in a piece of one text alone. Pure: no I/O, no clock.

Nearly all events of a model's stream do, but for a number that counts them and for what hides how
long they are. All else is then, byte for byte, that of an event that was read strictly, and the
piece is one JSON string: reading it again would find the same members with another text, at four
times the cost.
"""

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Final, Generic, TypeVar

from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.sse import Event

MOST: Final = 4
"""Templates of one stream: one for each choice that comes at a time."""

TRIES: Final = 16
"""Events of one stream that are looked at, before it is taken for one without such events."""

KeyT = TypeVar("KeyT")

_TEXT: Final = re.compile(rb'[^"\\\x00-\x1f]*(?:\\["\\/bfnrt][^"\\\x00-\x1f]*)*')
"""What a JSON string says between its quotes. One with an escaped character code is read as a
document: it may be half of a character."""

NUMBER: Final = "sequence_number"
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,14}")
PADDING: Final = "obfuscation"
_PADDING: Final = re.compile(rb"[A-Za-z0-9]{0,256}")
_VARYING: Final = {NUMBER: _NUMBER, PADDING: _PADDING}
"""Members of an event that differ in each, and what they are made of."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes that are the same in all, and what comes after them that is not."""

    same: bytes
    varies: "re.Pattern[bytes]"


@dataclass(frozen=True, slots=True)
class Template(Generic[KeyT]):
    """An event around its text. `key` is of the text, for whoever made the template."""

    key: KeyT
    parts: tuple[_Part, ...]
    rest: bytes
    renamed: tuple[bytes, bytes] | None
    """What is before and after the text when it goes on; None where that is what has come."""

    def like(self, raw: bytes) -> "Like[KeyT] | None":
        """An event of this kind; None of any other."""
        at = start = end = 0
        number: int | None = None
        for part in self.parts:
            if not raw.startswith(part.same, at):
                return None
            found = part.varies.match(raw, at + len(part.same))
            if found is None:
                return None
            at = found.end()
            if part.varies is _TEXT:
                start, end = found.span()
            elif part.varies is _NUMBER:
                number = int(found[0])
        if len(raw) - at != len(self.rest) or not raw.endswith(self.rest):
            return None
        text = _unquoted(raw[start:end])
        return None if text is None else Like(self, raw, text, start, end, number)


@dataclass(frozen=True, slots=True)
class Like(Generic[KeyT]):
    """An event like one that was read: the piece of the text in it, where that is, and the number
    of the event, if events of its kind have one."""

    template: Template[KeyT]
    raw: bytes
    text: str
    start: int
    end: int
    number: int | None

    def saying(self, text: str) -> bytes:
        """The event as it goes on with this text."""
        renamed = self.template.renamed
        if renamed is None and text == self.text:
            return self.raw
        before, after = renamed or (self.raw[: self.start], self.raw[self.end :])
        return before + encode_basestring_ascii(text)[1:-1].encode() + after


class Templates(Generic[KeyT]):
    """Those of one stream."""

    __slots__ = ("_left", "_made")

    def __init__(self) -> None:
        self._made: list[Template[KeyT]] = []
        self._left = TRIES

    def try_once_more(self) -> bool:
        """Whether to look if an event is one to remember: a stream of which none is must not be
        looked at for ever."""
        self._left -= 1
        return self._left >= 0

    def find(self, raw: bytes) -> Like[KeyT] | None:
        """What the event is like; None for one that has to be read."""
        for template in self._made:
            like = template.like(raw)
            if like is not None:
                return like
        return None

    def add(
        self, key: KeyT, event: Event, path: tuple[str | int, ...], said: bytes | None = None
    ) -> None:
        """Remember an event that was read strictly, in which a piece of the text `key` is at `path`
        and all else may come again; `said` is the event as it went on, if all of its kind are
        changed. One in a form that servers do not write is left alone."""
        came = _cut(event.raw, path)
        went = came if said is None else _cut(said, path)
        if came is None or went is None:
            return
        renamed = None if said is None else (went[0][0].same, went[1])
        if renamed is None or len(came[0]) == 1:  # else what varies would be lost
            self._made = [*self._made[-MOST + 1 :], Template(key, *came, renamed)]


def _unquoted(within: bytes) -> str | None:
    try:
        text = within.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\\" not in text:
        return text
    read: str = json.loads(f'"{text}"')
    return read


def _cut(raw: bytes, path: tuple[str | int, ...]) -> tuple[tuple[_Part, ...], bytes] | None:
    """An event cut at what varies in it; None of one whose data is not its last line, or not one,
    or has no text at `path`."""
    head, mark, rest = raw.partition(b"data: ")
    one_line = rest.endswith(b"}\n\n") and b"\n" not in rest[:-2] and b"\r" not in raw
    if not mark or not one_line or b"data" in head:
        return None
    text = rest.decode("utf-8")
    whole = jsonspans.root(text)
    at: Span | None = whole
    for where in path:
        at = None if at is None else jsonspans.step(text, at, where)
    if at is None or text[at.start] != '"':
        return None
    spans = [(_within(text, at), _TEXT)]
    for key, pattern in _VARYING.items():
        member = jsonspans.member(text, whole, key)
        span = None if member is None else _within(text, member)
        if span is not None and pattern.fullmatch(text[span.start : span.end].encode()):
            spans.append((span, pattern))
    parts: list[_Part] = []
    done, before = 0, head + mark
    for span, pattern in sorted(spans, key=lambda one: one[0]):
        parts.append(_Part(before + text[done : span.start].encode(), pattern))
        done, before = span.end, b""
    return tuple(parts), text[done:].encode()


def _within(text: str, span: Span) -> Span:
    """A value without its quotes."""
    return Span(span.start + 1, span.end - 1) if text[span.start] == '"' else span
