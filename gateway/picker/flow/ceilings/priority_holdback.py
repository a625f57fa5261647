"""Lower bands stop earlier, so that room is left for higher ones that may come."""

from collections.abc import Sequence

from gateway.picker.flow.ceiling_policy import CeilingPolicy, CeilingRange


class PriorityHoldback:
    """Ceilings on a line from the highest band to the lowest, by rank or by priority, as in llm-d.
    The only band there is has the highest ceiling. ValueError without a lowest ceiling."""

    __slots__ = ("_by_rank", "_least", "_most")

    def __init__(self, limits: CeilingRange) -> None:
        if limits.least is None:
            raise ValueError("priority-holdback needs a lowest ceiling")
        self._least = limits.least
        self._most = limits.most
        self._by_rank = limits.domain == "rank"

    def of(self, priorities: Sequence[int], saturation: float) -> Sequence[float]:
        """A ceiling for each of `priorities`, whatever the saturation."""
        del saturation
        if len(priorities) < 2:
            return (self._most,) * len(priorities)
        places = range(len(priorities), 0, -1) if self._by_rank else priorities
        low, high = places[-1], places[0]
        spread = (self._most - self._least) / (high - low)
        return tuple(self._least + (place - low) * spread for place in places)


CEILING = CeilingPolicy("priority-holdback", PriorityHoldback)
