"""Every band is served until the pool is full."""

from collections.abc import Sequence

from gateway.picker.flow.ceiling_policy import CeilingPolicy, CeilingRange


class Static:
    """The same ceiling for all."""

    __slots__ = ("_ceiling",)

    def __init__(self, limits: CeilingRange) -> None:
        self._ceiling = limits.most

    def of(self, priorities: Sequence[int], saturation: float) -> Sequence[float]:
        """The ceiling, for each of `priorities`."""
        del saturation
        return (self._ceiling,) * len(priorities)


CEILING = CeilingPolicy("static", Static)
