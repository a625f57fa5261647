"""Streams of events of which every text is judged before it goes on. Pure: no I/O, no clock.

What a screen has to ask others about is not known at once. So each event is worked off in steps
that may stop: nothing goes on before the event they stopped at, and the next call of `feed` or
`finish` goes on from there. How a stream was cut into bytes therefore never shows.
"""

import json
import re
from abc import ABC, abstractmethod
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Passage, Path, Place
from gateway.model.refusal import Reason
from gateway.model.screening import AnswerScreen, Screened, TextScreen
from gateway.protocols.base import Reading
from gateway.protocols.withheld import TOO_LARGE
from gateway.wire.jsonedit import edited
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys
from gateway.wire.sse import Event, Reader
from gateway.wire.strictjson import Document, Malformed, decode

UNREADABLE: Final = "an event of the answer cannot be read"

_LINE: Final = re.compile(
    rb"(?:data(?::[^\r\n]*+)?|event(?:: ?[A-Za-z0-9_./:-]{0,64})?|id(?:: ?[!-~]{0,256})?"
    rb"|retry(?:: ?[0-9]{0,10})?|: ?[A-Za-z-]{0,16})?(?:\r\n?|\n)"
)
"""A line that is a field of an event, or keeps a stream alive. None but data has prose."""

_COMMENT: Final = re.compile(rb"\A:[^\r\n]*+")
_TYPE: Final = re.compile(rb"[A-Za-z0-9_./:-]{0,64}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/+=*-]{0,256}")

_ResultT = TypeVar("_ResultT")
Steps: TypeAlias = Generator[None, None, _ResultT]
"""Work that stops wherever the screen has to ask first."""

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class UnreadableError(Exception):
    """What has come cannot be judged. The text of the error is for the client."""


def spelt(value: JsonValue) -> bytes:
    """`value` as compact ASCII JSON; UnreadableError for a number that JSON cannot spell."""
    try:
        return _ENCODER.encode(value).encode("ascii")
    except ValueError as error:
        raise UnreadableError(UNREADABLE) from error


def changed(
    value: JsonValue, texts: Mapping[Place, str], dropped: Collection[Path] = ()
) -> JsonValue:
    """`value` with other texts at some places; UnreadableError where it has no such place."""
    if not texts and not dropped:
        return value
    text = changed_text(spelt(value).decode("ascii"), texts, dropped)
    document = decode(data := text.encode("utf-8"), len(data))
    if isinstance(document, Malformed):
        raise UnreadableError(UNREADABLE)
    return document.value


def changed_text(text: str, texts: Mapping[Place, str], dropped: Collection[Path] = ()) -> str:
    """As `changed`, of a JSON text."""
    try:
        return edited(text, texts, dropped)
    except ValueError as error:
        raise UnreadableError(UNREADABLE) from error


def moved(passages: Sequence[Passage], old: str, new: str) -> list[Passage]:
    """The passages of a part that was judged by itself, in the channels it has in its answer."""
    if old == new:
        return list(passages)
    return [
        replace(one, channel=new + one.channel.removeprefix(old))
        if one.channel == old or one.channel.startswith(f"{old}/")
        else one
        for one in passages
    ]


def objects(value: JsonValue) -> list[JsonObject]:
    """The elements of a list of objects, or of none. UnreadableError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableError(UNREADABLE)
    found = [one for one in value if isinstance(one, dict)]
    if len(found) != len(value):
        raise UnreadableError(UNREADABLE)
    return found


def is_plain(value: JsonValue) -> bool:
    """Whether a member that holds a token or a number does."""
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    return not isinstance(value, (dict, list))


def unmistaken(value: JsonValue, keys: ProtocolKeys) -> None:
    """UnreadableError for an object with a key that some reader could take for one of `keys`: what
    it says would be no piece of the text that this reader takes it for."""
    if not isinstance(value, dict):
        return
    if len(value) > MAX_MEMBERS or keys.mimicked(value) is not None:
        raise UnreadableError(UNREADABLE)


def number(value: JsonValue, most: int) -> int:
    """A number from 0 and below `most`. UnreadableError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise UnreadableError(UNREADABLE)
    return value


class HeldText:
    """One text that comes in pieces. `exact` tells whether all that came has gone on as it came,
    `altered` whether what has gone on is no longer what came."""

    __slots__ = ("_behind", "_ended", "_screen", "_text", "altered")

    def __init__(self, screen: AnswerScreen, text: TextScreen) -> None:
        self._screen = screen
        self._text = text
        self._behind = ""  # what came and has not gone on
        self._ended = False
        self.altered = False

    @property
    def exact(self) -> bool:
        """Whether nothing is held and nothing was masked."""
        return not (self._behind or self.altered)

    def feed(self, piece: str) -> Steps[str]:
        """What may go on now. UnreadableError for more of a text that has ended."""
        if self._ended:
            if piece:
                raise UnreadableError(UNREADABLE)
            return ""
        released = self._text.feed(piece)
        while self._screen.pending and self._screen.blocked is None:
            yield
            released += self._text.feed("")
        self._follow(piece, released)
        return released

    def finish(self) -> Steps[str]:
        """The rest, once."""
        if self._ended:
            return ""
        released = self._text.finish()
        while self._screen.pending and self._screen.blocked is None:
            yield
            released += self._text.finish()
        self._ended = True
        self._follow("", released)
        self.altered = self.altered or bool(self._behind)
        return released

    def _follow(self, came: str, went: str) -> None:
        if self.altered:
            return
        behind = self._behind + came
        if behind.startswith(went):
            self._behind = behind[len(went) :]
        else:
            self._behind, self.altered = "", True


class ScreenedStream(ABC):
    """A `ResponseReader` of server-sent events with a screen. What cannot be read does not go on:
    the stream ends then, as it does where the screen blocks."""

    ends_when_blocked = True
    """Whether a block ends the stream, or concerns only the event it was found in."""

    def __init__(self, reading: Reading, screen: AnswerScreen) -> None:
        self._reading = reading
        self._screen = screen
        self._events = Reader(reading.limit)
        self._waiting: deque[Event] = deque()
        self._size = 0  # of what waits
        self._steps: Steps[bytes] | None = None
        self._ending = False  # no more bytes come
        self._ended = False
        self._why: str | None = None  # it is blocked
        self.filtered = 0
        self.broken = False

    def feed(self, data: bytes) -> bytes:
        """The events that a piece completes, as far as they are judged."""
        if self.broken:
            return b""
        self._take(self._events.feed(data))
        return self._worked_off()

    def finish(self) -> bytes:
        """The rest, once it is judged; an event that has no end is left out."""
        if self.broken:
            return b""
        if not self._ending:
            self._ending = True
            self._take(self._events.finish())
        return self._worked_off()

    def break_off(self, reason: Reason, why: str) -> bytes:
        """The protocol's own error; what still comes is swallowed."""
        self.broken = True
        self._waiting.clear()
        if self._steps is not None:
            self._steps.close()
        return self._error(reason, why)

    def _take(self, events: list[Event]) -> None:
        self._waiting += events
        if len(self._waiting) > len(events):  # some wait for an answer
            self._size = sum(len(event.raw) for event in self._waiting)

    def _worked_off(self) -> bytes:
        out: list[bytes] = []
        while not self.broken and (steps := self._steps or self._next()) is not None:
            self._steps = steps
            try:
                next(steps)
            except StopIteration as done:
                piece: bytes = done.value
                self._steps = None
                out.append(piece if self._may_go_on() else self._blocked())
            except UnreadableError as error:
                out.append(self._unreadable(str(error)))
            else:
                break  # until the screen has its answer
        if not self.broken and self._events.overflowed and not (self._waiting or self._steps):
            out.append(self._unreadable(TOO_LARGE))
        if not self.broken and self._size > self._reading.limit:
            out.append(self._unreadable(TOO_LARGE))
        return b"".join(out)

    def _next(self) -> Steps[bytes] | None:
        if self._waiting:
            event = self._waiting.popleft()
            self._size = 0 if not self._waiting else self._size - len(event.raw)
            return self._judged(_plain(event))
        if self._ending and not self._ended and not self._events.overflowed:
            self._ended = True
            return self._rest()
        return None

    def _may_go_on(self) -> bool:
        self._why = self._screen.blocked or self._why
        return self._why is None or not self.ends_when_blocked

    def _blocked(self) -> bytes:
        return self.break_off(Reason.CONTENT_BLOCKED, self._why or "")

    def _unreadable(self, why: str) -> bytes:
        return self.break_off(Reason.NO_ENDPOINT, why)

    def _whole(self, passages: Sequence[Passage]) -> Steps[Screened]:
        """The verdict on what is whole."""
        if not passages:
            return Screened()
        while (verdict := self._screen.whole(passages)).pending:
            yield
        self._why = verdict.blocked or self._why
        return verdict

    def _document(self, data: bytes) -> Document:
        """An event's JSON; UnreadableError for what is not one strict document."""
        document = decode(data, self._reading.limit)
        if isinstance(document, Malformed):
            raise UnreadableError(UNREADABLE)
        return document

    @abstractmethod
    def _judged(self, event: Event) -> Steps[bytes]:
        """What the client gets for an event."""

    @abstractmethod
    def _rest(self) -> Steps[bytes]:
        """What the client gets when no more events come."""

    @abstractmethod
    def _error(self, reason: Reason, why: str) -> bytes:
        """The protocol's own error as the last event."""


def _plain(event: Event) -> Event:
    """An event without lines that no reader has to read, but some might, and without what comments
    say. Nothing of one whose type is no name: no client reads it."""
    if _has_fields_only(event.raw):
        return event
    if _TYPE.fullmatch(event.event) is None:
        return Event(b"")
    lines = event.raw.splitlines(keepends=True)
    silent = [_COMMENT.sub(b":", line) for line in lines]
    kept = [line for line in silent if _has_fields_only(line)]
    return replace(event, raw=b"".join(kept))


def _has_fields_only(lines: bytes) -> bool:
    """Whether each of the lines is a field, and the last one has an end."""
    at = len(BOM_UTF8) if lines.startswith(BOM_UTF8) else 0
    while at < len(lines):
        line = _LINE.match(lines, at)
        if line is None:
            return False
        at = line.end()
    return True
