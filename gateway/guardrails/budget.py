"""What guardrails may spend on one message. Pure: no I/O, no clock."""

from collections.abc import Iterable
from typing import Final

CALLS: Final = 2_000
"""Calls of costly validators for one message."""

DECODED: Final = 1_048_576
"""Characters of decoded segments that are searched for one message."""


class Budget:
    """Counts down. `refused` names the detector of each check that was not made, in the order of
    the refusals: a text full of candidates must not cost what its sender likes, and what was not
    looked at is told, never taken for clean."""

    __slots__ = ("_calls", "_decoded", "refused")

    def __init__(self, calls: int = CALLS, decoded: int = DECODED) -> None:
        self._calls = calls
        self._decoded = decoded
        self.refused: list[str] = []

    def call(self, detector: str) -> bool:
        """Whether `detector` may call a costly validator once more."""
        if self._calls > 0:
            self._calls -= 1
            return True
        self.refused.append(detector)
        return False

    def decode(self, characters: int, detectors: Iterable[str]) -> bool:
        """Whether `detectors` may search so many characters of a decoded segment."""
        if self._decoded >= characters:
            self._decoded -= characters
            return True
        self.refused.extend(detectors)
        return False
