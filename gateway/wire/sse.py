"""Server-sent events (WHATWG HTML 9.2), incrementally and without losing a byte. No I/O, no clock.

`Reader` cuts a byte stream into pieces whose `raw` bytes, joined, are the stream: events, and what
is between them (comments such as keep-alives, blank lines). A piece can be forwarded as it came
or with other data. How the stream was chunked never shows in the pieces.
"""

import re
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n?|\n")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of a stream.

    `data` is None when a reader would dispatch nothing: comments, blank lines, an event without
    data (which may still carry an `id` or `retry`). `id` is None when absent or unusable (NUL).
    """

    raw: bytes
    data: bytes | None = None
    id: bytes | None = None
    event: bytes = b"message"

    def replaced(self, *, data: bytes | None = None, ident: bytes | None = None) -> bytes:
        """The event's bytes with other data, another id, or both; all other lines as they came.

        Nothing is added: an event without id (or data) stays without. `ident` must not contain
        NUL or line ends. Lines end with LF then: a CR left before an LF would swallow a line.
        """
        if data is None and ident is None:
            return self.raw
        out: list[bytes] = []
        waiting = data is not None
        for line in _lines(self.raw):
            name, _ = _field(line)
            if name == b"data" and data is not None:
                out += _data_lines(data) if waiting else ()
                waiting = False
            else:
                out.append(b"id: " + ident if name == b"id" and ident is not None else line)
        return b"".join(line + b"\n" for line in out)


def serialise(data: bytes, *, event: bytes = b"message", ident: bytes | None = None) -> bytes:
    """A new event, as servers write it."""
    head = [b"event: " + event, *(() if ident is None else (b"id: " + ident,))]
    return b"\n".join((*head, *_data_lines(data), b"", b""))


class Reader:
    """The state of one stream. `limit` bounds the bytes of one piece.

    After a piece over the limit `overflowed` is True and nothing more comes out: what was not
    read must not be forwarded. A CR at the end of a chunk waits for the next byte, which may be
    its LF.
    """

    def __init__(self, limit: int) -> None:
        self.overflowed = False
        self._limit = limit
        self._buffer = bytearray()
        self._begun = False  # past the place of a byte order mark
        self._piece = 0  # where the piece that is being read starts
        self._line = 0  # where its current line starts
        self._scan = 0  # up to where there is no line end

    def feed(self, chunk: bytes) -> list[Event]:
        """The pieces that `chunk` completes."""
        if (events := self._whole_events(chunk)) is not None:
            return events
        self._buffer += chunk
        return self._pieces(final=False)

    def finish(self) -> list[Event]:
        """The pieces completed by the end of the stream; an unfinished event is discarded, as
        every reader must do."""
        return self._pieces(final=True)

    def _whole_events(self, chunk: bytes) -> list[Event] | None:
        """What `_pieces` would find in a chunk of whole events with LF, which is how nearly all
        come, at a fraction of its cost; None where it must look."""
        if not self._begun or self._buffer or self.overflowed or b"\r" in chunk:
            return None
        *found, rest = chunk.split(b"\n\n")
        if rest:
            return None
        for lines in found:
            if lines[:1] in _NO_EVENT or len(lines) + 2 > self._limit:
                return None
        return [_event(lines + b"\n\n") for lines in found]

    def _pieces(self, *, final: bool) -> list[Event]:
        events = self._byte_order_mark()
        while self._begun and not self.overflowed and self._ends_piece(final=final):
            raw = bytes(self._buffer[self._piece : self._line])
            self._piece = self._line
            if len(raw) > self._limit:
                self.overflowed = True
            else:
                events.append(_event(raw))
        if len(self._buffer) - self._piece > self._limit:
            self.overflowed = True
        self._forget()
        return events

    def _byte_order_mark(self) -> list[Event]:
        """A mark at the start is a piece of its own, so that the first line is a plain line."""
        if self._begun or (len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer)):
            return []
        self._begun = True
        if not self._buffer.startswith(_BOM):
            return []
        self._piece = self._line = self._scan = len(_BOM)
        return [Event(_BOM)]

    def _ends_piece(self, *, final: bool) -> bool:
        """Read lines up to one that ends a piece; False when the bytes end first.

        A blank line ends a piece; so does a comment outside of an event, because a keep-alive
        must not wait for the event after it.
        """
        while (line := self._next_line(final=final)) is not None:
            start, end, after = line
            outside = start == self._piece
            self._line = self._scan = after
            if start == end or (outside and self._buffer[start] == _COLON):
                return True
        return False

    def _next_line(self, *, final: bool) -> tuple[int, int, int] | None:
        match = _LINE_END.search(self._buffer, self._scan)
        if match is None:
            self._scan = len(self._buffer)
            return None
        if match.end() == len(self._buffer) and match.group() == b"\r" and not final:
            self._scan = match.start()
            return None
        return self._line, match.start(), match.end()

    def _forget(self) -> None:
        done = len(self._buffer) if self.overflowed else self._piece
        del self._buffer[:done]
        self._piece, self._line, self._scan = (
            max(0, at - done) for at in (self._piece, self._line, self._scan)
        )


_COLON: Final = ord(":")
_NO_EVENT: Final = frozenset({b"", b"\n", b":"})  # how blank lines and comments begin


def _event(raw: bytes) -> Event:
    data: list[bytes] = []
    ident: bytes | None = None
    kind = b""
    for line in _lines(raw):
        name, value = _field(line)
        if name == b"data":
            data.append(value)
        elif name == b"id" and b"\0" not in value:
            ident = value
        elif name == b"event":
            kind = value
    return Event(raw, b"\n".join(data) if data else None, ident, kind or b"message")


def _lines(raw: bytes) -> list[bytes]:
    """The lines of a complete piece, without their ends."""
    return (_LINE_END.split(raw) if b"\r" in raw else raw.split(b"\n"))[:-1]


def _data_lines(data: bytes) -> list[bytes]:
    return [b"data: " + part for part in _LINE_END.split(data)]


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.removeprefix(b" ")
