"""How many characters a regular expression can match. Pure: no I/O, no clock.

Reads RE2's syntax (github.com/google/re2, doc/syntax.txt). Only widths are of interest, so what RE2
itself refuses is not told here: compile it first.
"""

import re
from typing import Final, NamedTuple

_REPEAT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP: Final = re.compile(r"\?(?:P?<\w+>|[imsU]*(?:-[imsU]+)?:)")
_FLAGS: Final = re.compile(r"\?[imsU]*(?:-[imsU]+)?\)")
_ESCAPE: Final = re.compile(
    r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|[0-7]{1,3}|.)", re.DOTALL
)
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_NO_WIDTH: Final = frozenset({r"\b", r"\B", r"\A", r"\z"})


class Width(NamedTuple):
    """Characters of the shortest and the longest match; `most` is None where there is no bound."""

    least: int
    most: int | None


class _Reader:
    def __init__(self, regex: str) -> None:
        self._text = regex
        self._at = 0

    def alternatives(self) -> Width:
        """Up to the end, or the bracket that closes the group."""
        widths = [self._sequence()]
        while self._taken("|"):
            widths.append(self._sequence())
        mosts = [width.most for width in widths]
        most = None if None in mosts else max(most for most in mosts if most is not None)
        return Width(min(width.least for width in widths), most)

    def _sequence(self) -> Width:
        whole = Width(0, 0)
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            whole = _then(whole, self._repeated())
        return whole

    def _repeated(self) -> Width:
        width, counts = self._item(), self._repeat()
        if counts is None:
            return width
        least, most = counts
        many = None if most is None or width.most is None else width.most * most
        return Width(width.least * least, 0 if width.most == 0 else many)

    def _repeat(self) -> tuple[int, int | None] | None:
        found = _REPEAT.match(self._text, self._at)
        sign = self._text[self._at : self._at + 1]
        if found is not None:
            self._at = found.end()
            low = int(found[1])
            counts = (low, low if found[2] is None else int(found[3]) if found[3] else None)
        elif sign and sign in "*+?":
            self._at += 1
            counts = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        else:
            return None
        self._taken("?")
        return counts

    def _item(self) -> Width:
        one = self._text[self._at]
        if self._text.startswith(r"\Q", self._at):
            return self._literal()
        for known, regex in (("[", _CLASS), ("\\", _ESCAPE)):
            found = regex.match(self._text, self._at) if one == known else None
            if found is not None:
                self._at = found.end()
                return Width(0, 0) if found[0] in _NO_WIDTH else Width(1, 1)
        self._at += 1
        if one == "(":
            return self._group()
        return Width(0, 0) if one in "^$" else Width(1, 1)

    def _literal(self) -> Width:
        end = self._text.find(r"\E", self._at)
        text = self._text[self._at + 2 : end if end >= 0 else None]
        self._at = end + 2 if end >= 0 else len(self._text)
        return Width(len(text), len(text))

    def _group(self) -> Width:
        flags = _FLAGS.match(self._text, self._at)
        if flags is not None:
            self._at = flags.end()
            return Width(0, 0)
        head = _GROUP.match(self._text, self._at)
        self._at = head.end() if head is not None else self._at
        width = self.alternatives()
        self._taken(")")
        return width

    def _taken(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += 1
            return True
        return False


def width(regex: str) -> Width:
    """The width of an expression that RE2 compiles."""
    return _Reader(regex).alternatives()


def _then(one: Width, other: Width) -> Width:
    most = None if one.most is None or other.most is None else one.most + other.most
    return Width(one.least + other.least, most)
