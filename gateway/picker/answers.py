"""How long answers are expected to be, learnt from those that came. Pure."""

from typing import Final

_START: Final = 256.0
"""Tokens that an answer is thought to have before any was seen."""

_RECENT: Final = 50
"""Answers over which the mean is taken."""


class Answers:
    """The mean length of the newest answers, in tokens."""

    def __init__(self) -> None:
        self._mean = _START
        self._count = 0

    def expected(self, limit: int | None) -> float:
        """Tokens of the next answer, which may have at most `limit` (None: unknown)."""
        return self._mean if limit is None else min(self._mean, limit)

    def learn(self, tokens: int) -> None:
        """An answer had so many tokens."""
        self._count += 1
        self._mean += (tokens - self._mean) / min(self._count + 1, _RECENT)
