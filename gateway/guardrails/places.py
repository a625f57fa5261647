"""Where bytes of a normal form are in the original text. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.normal import Normal

_EVERY: Final = 1_024
"""Bytes between the points at which characters are counted once and for all."""


class Places:
    """The places of one text. `data` is its normal form in UTF-8."""

    __slots__ = ("_ascii", "_counts", "_data", "_normal")

    def __init__(self, normal: Normal, data: bytes) -> None:
        self._normal = normal
        self._data = data
        self._ascii = len(data) == len(normal.text)
        self._counts: list[int] = []

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The range of characters of the original text that bytes of the normal form are from."""
        if not self._ascii:
            start, end = self._characters(start), self._characters(end)
        return self._normal.original(start, end)

    def _characters(self, at: int) -> int:
        """How many characters the first `at` bytes are."""
        data, counts = self._data, self._counts
        if not counts:
            counts.append(0)
            for begin in range(0, len(data), _EVERY):
                counts.append(counts[-1] + _count(data[begin : begin + _EVERY]))
        index = at // _EVERY
        return counts[index] + _count(data[index * _EVERY : at])


_CONTINUATION: Final = bytes(range(0x80, 0xC0))


def _count(data: bytes) -> int:
    """Characters that begin in `data`."""
    return len(data.translate(None, _CONTINUATION))
