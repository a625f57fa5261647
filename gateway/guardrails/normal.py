"""What a text says when nothing in it is hidden or disguised. Pure: no I/O, no clock.

The normal form is made character by character, so that it is the same however a text came in
pieces, and every finding in it has a place in the original. What cannot be seen is left out
(format characters, variation selectors, fillers: general category Cf and the default ignorable
code points of the Unicode Character Database), tags (U+E0020 to U+E007E) become the ASCII that
they carry, digits of any script become ASCII digits; what is left is decomposed (NFKD, Unicode
Standard Annex 15) without its combining marks, and what looks like ASCII becomes it
(gateway/guardrails/confusables.py). Syllables of Hangul stay whole. ASCII is its own normal form.
"""

import re
import unicodedata
from bisect import bisect_right
from typing import Final

from gateway.guardrails.confusables import CONFUSABLES

_KNOWN: Final = 32_768
"""Characters whose normal form is remembered. A text of all the others costs a microsecond for
each of them; those who use few pay it once."""

_WIDEST: Final = 4
"""A character that decomposes into more stays as it is: no text may grow without bound."""

_HANGUL: Final = range(0xAC00, 0xD7A4)
_SURROGATES: Final = range(0xD800, 0xE000)
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_SELECTORS: Final = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
_FIXED: Final[dict[str, str]] = {
    **CONFUSABLES,
    **dict.fromkeys(_FILLERS, ""),
    **{chr(code): "" for code in _SELECTORS},
    **{chr(0xE0000 + code): chr(code) for code in range(0x20, 0x7F)},  # tags
}
_UNSEEN: Final = frozenset(("Cf", "Mn", "Me"))
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_FEW: Final = 32
"""Up to so many different characters that are not ASCII are replaced one after the other."""


class Normal:
    """The normal form of `raw`. `original` tells where in `raw` a part of it was."""

    __slots__ = ("_at", "_raw_at", "raw", "text")

    def __init__(self, raw: str, text: str) -> None:
        self.raw = raw
        self.text = text
        # Where counting goes on after a character whose normal form is not one character. Most
        # texts are never asked for a place.
        self._at: list[int] | None = None
        self._raw_at: list[int] = []

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The range of `raw` that the characters from `start` up to `end` of `text` come from:
        all of a character that only part of them comes from. An empty range stays empty."""
        if self.raw is self.text:
            return start, end
        first = self._before(start)
        return first, self._before(end - 1) + 1 if end > start else first

    def _before(self, at: int) -> int:
        """Where in `raw` the character is that made the one at `at`."""
        if self._at is None:
            self._at, self._raw_at = _breaks(self.raw)
        index = bisect_right(self._at, at) - 1
        if index < 0:
            return at
        raw_at = self._raw_at[index]
        return ~raw_at if raw_at < 0 else raw_at + at - self._at[index]


def normalised(raw: str) -> Normal:
    """The normal form of a text of any characters, lone surrogates too."""
    if raw.isascii():
        return Normal(raw, raw)
    beyond = [one for one in set(raw) if not one.isascii()]
    if len(beyond) > _FEW:
        return Normal(raw, raw.translate(_TABLE))
    text = raw
    for one in beyond:
        # A form is its own form, so that the order is nothing.
        form = _TABLE.text(ord(one))
        text = text if form == one else text.replace(one, form)
    return Normal(raw, text)


class _Table(dict[int, str | int]):
    """Normal forms by code point, worked out when first asked for."""

    def __missing__(self, code: int) -> str | int:
        if len(self) >= _KNOWN:
            self.clear()
        character = chr(code)
        form = character if code < 128 else _form(character)
        # A number is what a translation takes for one character without making a string of it.
        self[code] = made = ord(form) if len(form) == 1 else form
        return made

    def text(self, code: int) -> str:
        """The normal form of a character."""
        form = self[code]
        return chr(form) if isinstance(form, int) else form


_TABLE: Final = _Table()


def _form(character: str) -> str:
    code = ord(character)
    fixed = _FIXED.get(character)
    if fixed is not None:
        return fixed
    if code in _SURROGATES:
        return "\ufffd"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    decomposed = unicodedata.normalize("NFKD", character)
    if len(decomposed) > _WIDEST or code in _HANGUL:
        return character
    seen = (one for one in decomposed if unicodedata.category(one) not in _UNSEEN)
    return "".join(CONFUSABLES.get(one, one) for one in seen)


def _breaks(raw: str) -> tuple[list[int], list[int]]:
    """Where in the normal form counting breaks, and where in `raw` it goes on: from there one
    character is one. Characters that come from one that made several have its place as ~place."""
    at: list[int] = []
    raw_at: list[int] = []
    made = 0  # characters of the normal form so far
    last = 0  # characters of `raw` so far
    for run in _BEYOND_ASCII.finditer(raw):
        made += run.start() - last
        last = run.start()
        for character in run[0]:
            width = len(_TABLE.text(ord(character)))
            if width != 1:
                at += [made] if width == 0 else [made, made + width]
                raw_at += [last + 1] if width == 0 else [~last, last + 1]
            made += width
            last += 1
    return at, raw_at
