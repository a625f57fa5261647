"""Lower bands give way as the pool fills up, but are not starved until it is full.

As llm-d's soft-reflective-ceiling-policy: the ceiling of the i-th of N bands is
1 - i * saturation / (N - 1). A band at its ceiling is still served in every
round(saturation / (1 - saturation))-th decision, counted for all bands together. Of a full pool
only the highest band has a ceiling over 0.
"""

from collections.abc import Sequence

from gateway.picker.flow.ceiling_policy import CeilingPolicy, CeilingRange


class SoftReflective:
    """Ceilings that mirror the saturation. It counts its calls."""

    __slots__ = ("_calls",)

    def __init__(self, _: CeilingRange) -> None:
        self._calls = 0

    def of(self, priorities: Sequence[int], saturation: float) -> Sequence[float]:
        """A ceiling for each of `priorities` at `saturation`."""
        self._calls += 1
        last = len(priorities) - 1
        if last < 0:
            return ()
        if saturation >= 1.0:
            return (1.0, *(0.0,) * last)
        opens = self._opens(saturation)
        ceilings = (1.0 - i * saturation / max(last, 1) for i in range(last + 1))
        return tuple(1.0 if opens and c <= saturation else c for c in ceilings)

    def _opens(self, saturation: float) -> bool:
        every = max(round(saturation / (1.0 - saturation)), 1)
        return self._calls % every == 0


CEILING = CeilingPolicy("soft-reflective", SoftReflective)
