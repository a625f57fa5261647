"""A value that is made when it is first asked for. Pure: no I/O, no clock."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Calls `make` once, and gives what that gave ever after. `functools.cache` does so too, and
    takes longer to be made than most values."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Callable[[], T] | None = make
        self._found: list[T] = []

    def __call__(self) -> T:
        """The value. What `make` raises is raised, and it is asked again the next time."""
        if self._make is not None:
            self._found.append(self._make())
            self._make = None  # with what it holds
        return self._found[0]
