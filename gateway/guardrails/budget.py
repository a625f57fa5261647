"""What guardrails may spend on one message. Pure: no I/O, no clock."""

from collections.abc import Iterable
from typing import Final

CALLS: Final = 2_000
"""Calls of costly validators for one message."""

SIGHTINGS: Final = 10_000
"""Matches of patterns that are looked at for one message, whatever each of them costs."""

DECODED: Final = 1_048_576
"""Characters of decoded segments that are searched for one message."""

EARNED: Final = 1_048_576
"""Characters of further messages for which all of it is there again."""


class Budget:
    """Counts down. `refused` names the detector of each check that was not made, in the order of
    the refusals: a text full of candidates must not cost what its sender likes, and what was not
    looked at is told, never taken for clean."""

    __slots__ = ("_calls", "_decoded", "_most", "refused", "sightings")

    def __init__(
        self, calls: int = CALLS, decoded: int = DECODED, sightings: int = SIGHTINGS
    ) -> None:
        self._most = calls, decoded, sightings
        self._calls = calls
        self._decoded = decoded
        self.sightings = sightings
        """Matches that may still be looked at."""
        self.refused: list[str] = []

    def earn(self, characters: int) -> None:
        """Get some back for so many characters that came since, never more than there was at first:
        an answer of many messages may last for days."""
        calls, decoded, sightings = self._most
        self._calls = min(calls, self._calls + characters * calls // EARNED)
        self._decoded = min(decoded, self._decoded + characters * decoded // EARNED)
        self.sightings = min(sightings, self.sightings + characters * sightings // EARNED)

    def look(self, detector: str) -> bool:
        """Whether one more match of a pattern of `detector` may be looked at."""
        if self.sightings > 0:
            self.sightings -= 1
            return True
        self.refused.append(detector)
        return False

    def call(self, detector: str) -> bool:
        """Whether `detector` may call a costly validator once more."""
        if self._calls > 0:
            self._calls -= 1
            return True
        self.refused.append(detector)
        return False

    def spent(self, characters: int, detectors: Iterable[str]) -> bool:
        """Whether not even so many characters may be decoded any more, so that `detectors` need not
        be shown what there is."""
        if self._decoded >= characters:
            return False
        self.refused.extend(detectors)
        return True

    def decode(self, characters: int, detectors: Iterable[str]) -> bool:
        """Whether `detectors` may search so many characters of a decoded segment."""
        if self._decoded >= characters:
            self._decoded -= characters
            return True
        self.refused.extend(detectors)
        return False
