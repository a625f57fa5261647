"""Stretches of a text that say something when decoded. Pure: no I/O, no clock.

Base64 and its URL-safe form (RFC 4648, sections 4 and 5), percent-encoding (RFC 3986, section 2.1)
and UTF-16 within base64, as shells take it. A long stretch is decoded in pieces that overlap, so
that what is kept of a text that comes piece by piece is bounded.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.guardrails.byte_regex import ByteRegex, byte_regex
from gateway.guardrails.database import Expression

SHORTEST: Final = 24
"""Bytes of a stretch that may be an encoded segment."""

PIECE: Final = 4_096
"""Bytes that are decoded at once; a multiple of four."""

STRIDE: Final = 3_072
"""Bytes between the beginnings of pieces; a multiple of four."""

PADDING: Final = 2
"""Signs of padding that may follow base64."""

SEEN: Final = PADDING + 1
"""Bytes after a piece after which it is known where it ends."""

_LOOKBACK: Final = 256
"""Bytes before the first percent-encoded character that belong to its segment."""

_READABLE: Final = 10
"""Text has fewer than one character in so many that nobody can read."""

_BASE64: Final = rb"A-Za-z0-9+/_\-"
_URL: Final = rb"!#-;=?-\[\]_a-z~"


class Encoding(Enum):
    """How a segment is encoded. The values number the expressions that find them."""

    BASE64 = 0
    PERCENT = 1


EXPRESSIONS: Final = (
    # Once in a run, at its last possible moment.
    Expression(rb"(?:^|[^%b])[%b]{%d}" % (_BASE64, _BASE64, SHORTEST)),
    Expression(rb"%[0-9A-Fa-f]{2}"),
)
"""In the order of `Encoding`: where they hit there may be a segment."""

_RUNS: Final[dict[Encoding, ByteRegex]] = {
    Encoding.BASE64: byte_regex(f"[{_BASE64.decode()}]{{{SHORTEST},}}"),
    Encoding.PERCENT: byte_regex(f"[{_URL.decode()}]{{{SHORTEST},}}"),
}
_OUTSIDE: Final = {
    Encoding.BASE64: re.compile(b"[^%b]" % _BASE64),
    Encoding.PERCENT: re.compile(b"[^%b]" % _URL),
}
_ESCAPE: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_PLAIN: Final = bytes([9, 10, 13, *range(32, 127)])


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment or a part of a long one, from byte `start` up to `end`; `last` if it ends where
    the stretch does."""

    start: int
    end: int
    last: bool


def pieces(data: bytes, encoding: Encoding) -> Iterator[Piece]:
    """The pieces of all stretches of a whole text that may be encoded in that way."""
    at = 0
    regex = _RUNS[encoding]
    while (found := regex.search(data, at, len(data))) is not None:
        start, at = found.span()
        if encoding is Encoding.PERCENT:
            escape = _ESCAPE.search(data, start, at)
            if escape is None:
                continue
            start = max(start, escape.start() - _LOOKBACK)
        while start + PIECE < at:
            yield Piece(start, start + PIECE, last=False)
            start += STRIDE
        yield Piece(start, at, last=True)


class Run:
    """Finds the pieces of one encoding in a text that comes in pieces of its own."""

    __slots__ = ("_begin", "_encoding", "_ended", "_seen", "start")

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._begin = self._seen = 0
        self._ended: int = 0
        self.start: int | None = None
        """Where the piece begins that has not ended, in bytes; None outside of a stretch."""

    def advance(self, hits: list[int], data: bytearray, base: int, final: bool) -> Iterator[Piece]:
        """The pieces that are known from what has come. `hits` are the ends of what the
        expression found since; `data` begins at byte `base` of the text and is all of the rest
        with `final`."""
        size = base + len(data)
        hits.reverse()
        while True:
            if self.start is None:
                while hits and hits[-1] <= self._ended:
                    hits.pop()
                if not hits:
                    return
                self._open(hits.pop(), data, base)
            start = self.start if self.start is not None else 0
            outside = _OUTSIDE[self._encoding].search(data, self._seen - base)
            end = size if outside is None else base + outside.start()
            while start + PIECE < end:
                yield Piece(start, start + PIECE, last=False)
                start += STRIDE
            self.start = start
            self._seen = end
            if outside is None and not final:
                return
            self.start, self._ended = None, end
            if end - self._begin >= SHORTEST:
                yield Piece(start, end, last=True)

    def _open(self, hit: int, data: bytearray, base: int) -> None:
        """A stretch has begun."""
        if self._encoding is Encoding.BASE64:
            begin = hit - SHORTEST
        else:
            escape = hit - 3 - base
            earliest = max(0, self._ended - base, escape - _LOOKBACK)
            begin = hit - 3
            outside = [m.end() for m in _OUTSIDE[self._encoding].finditer(data, earliest, escape)]
            begin = base + (outside[-1] if outside else earliest)
        self.start = self._begin = begin
        self._seen = hit


def padded(piece: Piece, encoding: Encoding, data: bytes | bytearray, base: int) -> int:
    """Where a piece ends with its padding."""
    end = piece.end
    if encoding is Encoding.BASE64 and piece.last:
        while end < piece.end + PADDING and data[end - base : end - base + 1] == b"=":
            end += 1
    return end


def decoded(segment: bytes, encoding: Encoding) -> str | None:
    """What a segment says; None if that is no text."""
    if encoding is Encoding.PERCENT:
        return _readable(unquote_to_bytes(segment.replace(b"+", b" ")))
    signs = segment.rstrip(b"=").translate(_URL_SAFE)
    whole = len(signs) - (len(signs) % 4 == 1)
    try:
        return _readable(binascii.a2b_base64(signs[:whole] + b"=" * (-whole % 4)))
    except binascii.Error:
        return None


def _readable(data: bytes) -> str | None:
    if data[1::2].count(0) * 2 > len(data) * 0.8:
        return _mostly(data.decode("utf-16-le", "replace"))
    strange = data.translate(None, _PLAIN)
    if not strange:
        return data.decode("ascii")
    return _mostly(data.decode("utf-8", "replace"))


def _mostly(text: str) -> str | None:
    """The text unless too much of it is noise."""
    noise = sum(1 for sign in text if sign == "\ufffd" or (sign < " " and sign not in "\t\n\r"))
    return text if noise * _READABLE < len(text) else None
