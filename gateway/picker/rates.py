"""How fast endpoints read prompts and write answers, learnt from what came when. Pure.

Seconds to the first token are taken to be base + work * (per token + interference * context): the
work is every uncached token up to the request's own, and each step of the engine that computes some
of it also reads the context of all running answers. Seconds per token of an answer are taken to be
step + step per token * context. These are learnt for the pool; and for each endpoint how many times
slower or faster it is, so that tens of answers show a slow endpoint, and a new one starts as its
neighbours are.
"""

from bisect import bisect_left, insort
from heapq import heappop, heappush
from math import exp, inf, log, nextafter
from typing import Final

from gateway.picker.fit import Fit

FIRST: Final = (0.03, 1 / 10_000, 1e-10)
STEP: Final = (0.015, 3e-8)
"""Where learning starts: an 8B to 30B model on accelerators of today."""

_DOUBT: Final = 120.0
"""Seconds without news after which half of an endpoint's difference is believed: it is tried
again."""

_NOTCH: Final = 2.0
"""Seconds after which news are discounted anew: in steps, to save the arithmetic."""

_ROUNDING: Final = 1e-6
"""Seconds by which a step is looked for too early, lest rounding makes it late."""

_LEAST_SHARE: Final = 0.06
_FASTEST: Final = 1e-7


class _Pace:
    """How many times slower than the pool one endpoint is, as a logarithm."""

    __slots__ = ("at", "count", "fresh", "log")

    def __init__(self) -> None:
        self.log = 0.0
        self.count = 0
        self.at = 0.0
        self.fresh = 1.0

    def steps(self, now: float) -> int:
        """How many discounts are due."""
        return max(int((now - self.at) / _NOTCH), 0)

    def factor(self, now: float) -> float:
        steps = self.steps(now)
        return exp(self.log * 0.5 ** (steps * _NOTCH / _DOUBT)) if steps else self.fresh

    def learn(self, ratio: float, now: float) -> None:
        """The endpoint took `ratio` times as long as the pool would; far off counts as e times."""
        known = log(self.factor(now))
        surprise = min(max(log(ratio) - known, -1.0), 1.0)
        self.log = known + surprise * max(_LEAST_SHARE, 1 / (self.count + 8))
        self.fresh = exp(self.log)
        self.count += 1
        self.at = now


class Rates:
    """What the pool's endpoints take, in seconds."""

    def __init__(self) -> None:
        self._first = Fit(FIRST)
        self._step = Fit(STEP)
        self._paces: dict[str, _Pace] = {}
        self._logs: list[float] = []
        self._changed: set[str] = set()
        self._due: list[tuple[float, str]] = []
        self._waiting: set[str] = set()
        self.usual = 1.0

    @property
    def base(self) -> float:
        """Seconds to a first token that needs no work."""
        return self._first.values[0]

    @property
    def per_token(self) -> float:
        """Seconds per uncached token."""
        return max(self._first.values[1], _FASTEST)

    @property
    def interference(self) -> float:
        """Seconds per uncached token and token of context that is being answered from."""
        return self._first.values[2]

    @property
    def step(self) -> float:
        """Seconds per token of an answer that is alone."""
        return self._step.values[0]

    @property
    def step_per_token(self) -> float:
        """What each token of context in the batch adds to that, in seconds."""
        return self._step.values[1]

    def pace(self, address: str, now: float) -> float:
        """How many times slower than the fit the endpoint is; if unknown, as the others are."""
        return self.known_pace(address, now) or self.usual

    def known_pace(self, address: str, now: float) -> float:
        """The same; 0 if unknown."""
        pace = self._paces.get(address)
        return 0.0 if pace is None else pace.factor(now)

    def changed(self, now: float) -> set[str]:
        """The endpoints whose pace may be another than when this was last asked for."""
        changed, self._changed = self._changed, set()
        while self._due and self._due[0][0] <= now:
            _, address = heappop(self._due)
            pace = self._paces.get(address)
            if pace is None:
                self._waiting.discard(address)
            else:
                changed.add(address)
                due = pace.at + (pace.steps(now) + 1) * _NOTCH - _ROUNDING
                heappush(self._due, (max(due, nextafter(now, inf)), address))
        return changed

    def learn_first(
        self, address: str, seconds: float, work_tokens: float, context_tokens: float, now: float
    ) -> None:
        """A first token came after so many seconds."""
        self._learn(
            self._first,
            (1.0, work_tokens, work_tokens * context_tokens),
            address,
            seconds,
            now,
        )

    def learn_step(self, address: str, seconds: float, context_tokens: float, now: float) -> None:
        """An answer took so many seconds per token, among so many tokens of context."""
        self._learn(self._step, (1.0, context_tokens), address, seconds, now)

    def forget(self, address: str) -> None:
        """The endpoint is gone."""
        pace = self._paces.pop(address, None)
        if pace is not None:
            del self._logs[bisect_left(self._logs, pace.log)]
            self._changed.add(address)

    def _learn(
        self, fit: Fit, features: tuple[float, ...], address: str, seconds: float, now: float
    ) -> None:
        if seconds <= 0:
            return
        pace = self._paces.get(address)
        if pace is None:
            pace = self._paces[address] = _Pace()
            if address not in self._waiting:
                self._waiting.add(address)
                heappush(self._due, (now + _NOTCH, address))
        else:
            del self._logs[bisect_left(self._logs, pace.log)]
        factor = pace.factor(now)
        pace.learn(seconds / max(fit.predict(features), 1e-6), now)
        insort(self._logs, pace.log)
        self._changed.add(address)
        self.usual = exp(self._logs[len(self._logs) // 2])
        fit.learn(features, seconds * self.usual / factor)
