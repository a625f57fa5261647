"""How long each stage took, for the record. Time comes from the clock that is passed in."""

from collections.abc import Callable, Generator
from contextlib import contextmanager


class Stopwatch:
    """`clock` counts nanoseconds; `stages` receives microseconds by stage name."""

    __slots__ = ("_clock", "_stages")

    def __init__(self, clock: Callable[[], int], stages: dict[str, int]) -> None:
        self._clock = clock
        self._stages = stages

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Times what runs inside, also when it refuses."""
        started = self._clock()
        try:
            yield
        finally:
            self._stages[name] = self._stages.get(name, 0) + (self._clock() - started) // 1000
