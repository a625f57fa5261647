"""The numbered messages of one engine in order, whatever was lost on their way. Pure.

A publisher numbers its messages from 0 and drops those that a subscriber is too slow for. What is
missing is asked for again. Messages that come meanwhile wait; what cannot be had again is lost, and
with it everything that was known. A number that falls back is an engine that was started anew.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

MAX_WAITING: Final = 2_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Messages that are kept while older ones are awaited."""

PATIENCE: Final = 5.0
"""Seconds without a word of a replay after which it is given up."""


@dataclass(frozen=True, slots=True)
class Anew:
    """What was known holds no longer. `whole`: what follows is everything since the engine began.
    `restarted`: the engine is another, so that its cache is empty."""

    whole: bool = False
    restarted: bool = False


Step: TypeAlias = bytes | Anew
"""A message to apply, or what to do before the next."""


class Feed:
    """What comes from one engine; `replays` is whether it can be asked again.

    `gaps` counts what was found missing, `replayed` messages that came again. The caller asks for
    the messages from `wanted` on, if that is not None, and calls `asked`. Times are seconds, on any
    clock.
    """

    def __init__(self, *, replays: bool) -> None:
        self.gaps = 0
        self.replayed = 0
        self.wanted: int | None = None
        self._replays = replays
        self._next: int | None = None
        self._newest = -1
        self._waiting: dict[int, bytes] = {}
        self._size = 0
        self._asking = False
        self._heard = 0.0

    def live(self, number: int, payload: bytes, now: float) -> list[Step]:
        """A message that was published just now."""
        if self._asking:
            return self._wait(number, payload, now)
        if self._next is None:
            return self._begin(number, payload, now)
        if number < self._next:
            return self._restart(number, payload, now)
        if number == self._next:
            return self._apply(number, payload)
        self.gaps += 1
        return self._miss(number, payload, now)

    def asked(self, now: float) -> None:
        """The replay has been asked for."""
        self.wanted = None
        self._heard = now

    def again(self, number: int, payload: bytes, now: float) -> list[Step]:
        """A message of a replay. One that is not asked for any more is ignored."""
        if not self._asking or self._next is None or number < self._next:
            return []
        self._heard = now
        self.replayed += 1
        return self._apply(number, payload)

    def ended(self) -> list[Step]:
        """The replay is over: what waited comes now, and what is still missing is lost."""
        if not self._asking:
            return []
        waiting = sorted(self._waiting.items())
        self._stop_waiting()
        steps: list[Step] = []
        for number, payload in waiting:
            if self._next is None or number >= self._next:
                steps += self._apply(number, payload)
        return steps

    def tend(self, now: float) -> list[Step]:
        """Now and then: give up a replay of which nothing is heard."""
        silent = self._asking and now - self._heard > PATIENCE
        return self.ended() if silent else []

    def disconnected(self) -> None:
        """The connection broke: who is heard next may be another, by whatever number."""
        self._stop_waiting()
        self._next = None

    def _begin(self, number: int, payload: bytes, now: float) -> list[Step]:
        """Whoever comes late asks for everything before."""
        if number <= self._newest:
            return self._restart(number, payload, now)
        self._next = 0
        return self._apply(number, payload) if number == 0 else self._miss(number, payload, now)

    def _miss(self, number: int, payload: bytes, now: float) -> list[Step]:
        if not self._replays:
            return self._apply(number, payload)
        self._asking = True
        self._heard = now
        self.wanted = self._next
        return self._wait(number, payload, now)

    def _wait(self, number: int, payload: bytes, now: float) -> list[Step]:
        if self._waiting and number < next(iter(self._waiting)):
            return self._restart(number, payload, now)
        self._size += len(payload)
        self._waiting[number] = payload
        full = len(self._waiting) > MAX_WAITING or self._size > MAX_WAITING_BYTES
        return self.ended() if full else []

    def _restart(self, number: int, payload: bytes, now: float) -> list[Step]:
        self._stop_waiting()
        self._newest = -1
        return [Anew(restarted=True), *self._begin(number, payload, now)]

    def _apply(self, number: int, payload: bytes) -> list[Step]:
        steps: list[Step] = []
        if number == 0:
            steps.append(Anew(whole=True))
        elif number != self._next:
            steps.append(Anew())
        self._next = number + 1
        self._newest = max(self._newest, number)
        return [*steps, payload]

    def _stop_waiting(self) -> None:
        self._waiting.clear()
        self._size = 0
        self._asking = False
        self.wanted = None
