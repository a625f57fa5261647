"""Leaves a service alone that keeps failing, and finds out when it is back. No I/O, no clock.

Source: Nygard, Release It!, "Circuit Breaker".
"""

from collections import deque


class Breaker:
    """Closed until `failures` calls have failed within `window` seconds; then open for `rest`
    seconds; then one call tries, and its end closes or opens it again. Times are seconds of one
    clock that never runs backwards."""

    def __init__(self, failures: int, window: float, rest: float) -> None:
        self._limit = failures
        self._window = window
        self._rest = rest
        self._failed: deque[float] = deque(maxlen=failures)
        self._opened: float | None = None
        self._trying = False
        self._generation = 0

    @property
    def open(self) -> bool:
        """Whether calls are refused, but for one that tries."""
        return self._opened is not None

    def begin(self, now: float) -> int | None:
        """Admit a call: a ticket for its end, None where the circuit is open."""
        if self._opened is None:
            return self._generation
        if self._trying or now < self._opened + self._rest:
            return None
        self._trying = True
        return self._generation

    def succeeded(self, ticket: int) -> None:
        """The call has had an answer."""
        if ticket == self._generation and self._opened is not None:
            self._opened = None
            self._next_generation()

    def failed(self, ticket: int, now: float) -> None:
        """The call had no answer, or none that helps. Of a call that began before the circuit last
        changed nothing is learned."""
        if ticket != self._generation:
            return
        if self._opened is None:
            self._failed.append(now)
            if len(self._failed) < self._limit or self._failed[0] < now - self._window:
                return
        self._opened = now
        self._next_generation()

    def abandoned(self, ticket: int) -> None:
        """The call was given up by whoever asked, so that it says nothing of the service."""
        if ticket == self._generation:
            self._trying = False

    def _next_generation(self) -> None:
        self._generation += 1
        self._trying = False
        self._failed.clear()
