"""What a ceiling policy is: up to which saturation each band is served. Pure: no I/O, no clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class CeilingRange:
    """The highest band has the ceiling `most`, the lowest `least` (None: not spread), 0 to 1.
    `domain` is whether the others lie between them by their rank or by their priority."""

    least: float | None = None
    most: float = 1.0
    domain: Literal["rank", "value"] = "rank"


class Ceilings(Protocol):
    """Says for each band the saturation at which it is served no more."""

    def of(self, priorities: Sequence[int], saturation: float) -> Sequence[float]:
        """Ceilings, 0 to 1, of the bands of `priorities`, which are given from high to low.

        A band is served while `saturation` (1 and over: full) is under its ceiling. It is called
        once for each request that might go.
        """
        ...


@dataclass(frozen=True, slots=True)
class CeilingPolicy:
    """A policy by its name, and how to make one."""

    name: str
    make: Callable[[CeilingRange], Ceilings]
