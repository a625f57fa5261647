"""A text in windows of its normal form, for detectors that score more than a match.

Pure: no I/O, no clock. The grid is laid over the normal text from its beginning, so that it is the
same however the text came in pieces.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.guardrails.normal import Normal, normalised

WINDOW: Final = 1_024
"""Characters of a window; the last one of a text may be shorter."""

STEP: Final = 512
"""Characters between the beginnings of windows."""


@dataclass(frozen=True, slots=True)
class Window:
    """Normal text, and where in the original text it is."""

    text: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """What came at once: where it begins in normal and in original text. Without `normal` they are
    the same."""

    at: int
    original: int
    normal: Normal | None


class Windows:
    """Cuts one text. It keeps no more than a window and what came last."""

    __slots__ = ("_base", "_buffer", "_came", "_covered", "_length", "_next", "_pieces")

    def __init__(self) -> None:
        self._buffer: list[str] = []  # normal text from `_base` on
        self._pieces: list[_Piece] = []
        self._base = self._next = self._covered = self._length = self._came = 0

    def feed(self, raw: str) -> list[Window]:
        """The windows that are full now."""
        normal = None if raw.isascii() else normalised(raw)
        text = raw if normal is None else normal.text
        if text:
            self._pieces.append(_Piece(self._length, self._came, normal))
            self._buffer.append(text)
            self._length += len(text)
        self._came += len(raw)
        return self._full() if self._length >= self._next + WINDOW else []

    def finish(self) -> list[Window]:
        """The last window, if the text has any that was not in one."""
        if self._length <= self._covered:
            return []
        return [self._cut("".join(self._buffer), self._length)]

    def _full(self) -> list[Window]:
        text = "".join(self._buffer)
        windows: list[Window] = []
        while self._next + WINDOW <= self._length:
            windows.append(self._cut(text, self._next + WINDOW))
            self._covered = self._next + WINDOW
            self._next += STEP
        self._buffer = [text[self._next - self._base :]]
        self._base = self._next
        after = (n for n, piece in enumerate(self._pieces) if piece.at > self._next)
        del self._pieces[: next(after, len(self._pieces)) - 1]
        return windows

    def _cut(self, text: str, end: int) -> Window:
        cut = text[self._next - self._base : end - self._base]
        return Window(cut, self._original(self._next)[0], self._original(end - 1)[1])

    def _original(self, at: int) -> tuple[int, int]:
        """The range of the original text that became the character of normal text at `at`."""
        piece = next(one for one in reversed(self._pieces) if one.at <= at)
        within = at - piece.at
        if piece.normal is None:
            return piece.original + within, piece.original + within + 1
        start, end = piece.normal.original(within, within + 1)
        return piece.original + start, piece.original + end
