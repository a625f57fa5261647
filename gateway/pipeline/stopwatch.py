"""How long each stage took, for the record. Time comes from the clock that is passed in."""

from collections.abc import Callable
from typing import Self


class Stopwatch:
    """`clock` counts nanoseconds; `stages` receives microseconds by stage name.

    One object for every stage of a request, since stages follow one another: `with
    watch.stage(name)` is on the path of each request, a generator there would cost twice as much.
    """

    __slots__ = ("_name", "_stages", "_started", "clock")

    def __init__(self, clock: Callable[[], int], stages: dict[str, int]) -> None:
        self.clock = clock
        self._stages = stages
        self._name = ""
        self._started = 0

    def stage(self, name: str) -> Self:
        """Times what runs inside, also when it refuses. Stages do not nest."""
        self._name = name
        return self

    def __enter__(self) -> None:
        self._started = self.clock()

    def __exit__(self, *_exception: object) -> None:
        spent = (self.clock() - self._started) // 1000
        self._stages[self._name] = self._stages.get(self._name, 0) + spent
