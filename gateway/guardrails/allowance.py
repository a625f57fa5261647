"""How much of a text its Guardrails judge. Pure: no I/O, no clock.

The answer depends on the text alone, not on the pieces in which it comes.
"""

import sys
from collections.abc import Iterable
from typing import Final

from gateway.guardrails.guard import Guard

_BEYOND_ASCII: Final = 0x80
_BEYOND_TWO: Final = 0x800
_BEYOND_THREE: Final = 0x10000


class Allowance:
    """Counts one text. `cuts` has for each Guardrail that is through with it the character up to
    which it judged; `refused` are those of them that let nothing through which they do not judge,
    and `over` is whether nobody judges what still comes."""

    __slots__ = ("_bytes", "_chars", "_open", "_room", "_watching", "cuts", "over", "refused")

    def __init__(self, guards: Iterable[Guard]) -> None:
        known = tuple(guards)
        limited = [guard for guard in known if guard.on_oversize != "scan_windows"]
        self._watching = sorted(limited, key=lambda guard: guard.max_bytes)
        self._open = len(known)
        self._bytes = self._chars = 0
        self._room = self._watching[0].max_bytes if self._watching else sys.maxsize
        self.cuts: dict[str, int] = {}
        self.refused: list[Guard] = []
        self.over = False

    def take(self, text: str) -> str:
        """What of the next piece has to be judged."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self._bytes + size <= self._room and not self.over:
            self._bytes += size
            self._chars += len(text)
            return text
        return "" if self.over else self._limited(text, size)

    def _limited(self, text: str, size: int) -> str:
        while self._watching and self._bytes + size > self._watching[0].max_bytes:
            cut = self._cut(text, self._watching[0].max_bytes - self._bytes)
            self._exceeded(self._watching.pop(0), self._chars + cut)
            if self.over:
                return text[:cut]
        self._bytes += size
        self._chars += len(text)
        self._room = self._watching[0].max_bytes if self._watching else sys.maxsize
        return text

    def _exceeded(self, guard: Guard, cut: int) -> None:
        self.cuts[guard.name] = cut
        self._open -= 1
        if guard.on_oversize == "block":
            self.refused.append(guard)
        ends = guard.on_oversize == "block" and not guard.shadow
        self.over = ends or not self._open

    @staticmethod
    def _cut(text: str, room: int) -> int:
        """The characters of `text` of which the UTF-8 fits into `room` bytes."""
        for number, character in enumerate(text):
            room -= _width(character)
            if room < 0:
                return number
        return len(text)


def _width(character: str) -> int:
    """Bytes of a character in UTF-8."""
    point = ord(character)
    if point < _BEYOND_ASCII:
        return 1
    if point < _BEYOND_TWO:
        return 2
    return 3 if point < _BEYOND_THREE else 4
