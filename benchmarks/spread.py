"""A figure that was measured several times. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    @classmethod
    def of_pairs(cls, values: Sequence[float], bases: Sequence[float], *, ratio: bool) -> "Spread":
        """Of quotients or differences, round by round: what slows a whole round cancels out."""
        pairs = list(zip(values, bases, strict=True))
        if ratio:
            return cls.of([value / base if base else 0.0 for value, base in pairs])
        return cls.of([value - base for value, base in pairs])

    def text(self, digits: int) -> str:
        """`median [low..high]`."""
        return f"{self.median:,.{digits}f} [{self.low:,.{digits}f}..{self.high:,.{digits}f}]"
