"""How much service a flow has had lately. Pure: no I/O, no clock."""

import math


class AttainedService:
    """A sum that forgets: what was added counts half after `half_life` seconds."""

    __slots__ = ("_at", "_half_life", "_sum")

    def __init__(self, half_life: float) -> None:
        self._half_life = half_life
        self._sum = 0.0
        self._at = -math.inf

    def add(self, amount: float, now: float) -> None:
        """Add `amount`, e.g. in tokens; a correction may be negative, the sum never is."""
        self._sum = max(self.at(now) + amount, 0.0)
        self._at = max(now, self._at)

    def at(self, now: float) -> float:
        """What is left of the sum at `now`."""
        if self._sum == 0.0:
            return 0.0
        return self._sum * 2.0 ** (-max(now - self._at, 0.0) / self._half_life)


def jain_index(shares: list[float]) -> float:
    """How evenly `shares` are spread: 1 if all are equal, 1/n if one has everything, and 1 for
    none at all. Jain, Chiu, Hawe: A Quantitative Measure of Fairness, 1984."""
    most = max(shares, default=0.0)
    if most == 0.0:
        return 1.0
    parts = [share / most for share in shares]  # squares of what has faded would underflow
    return sum(parts) ** 2 / (len(parts) * sum(part * part for part in parts))
