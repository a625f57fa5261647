"""How fast endpoints read prompts and write answers, learnt from what came when. Pure.

Seconds to the first token are taken to be base + work * (per token + interference * context): the
work is every uncached token up to the request's own, and each step of the engine that computes some
of it also reads the context of all running answers. Seconds per token of an answer are taken to be
step + step per token * context. These are learnt for the pool; and for each endpoint how many times
slower or faster it is, so that tens of answers show a slow endpoint, and a new one starts as its
neighbours are.
"""

from math import exp, log
from typing import Final

from gateway.picker.fit import Fit

FIRST: Final = (0.03, 1 / 10_000, 1e-10)
STEP: Final = (0.015, 3e-8)
"""Where learning starts: an 8B to 30B model on accelerators of today."""

_DOUBT: Final = 120.0
"""Seconds without news after which half of an endpoint's difference is believed: it is tried
again."""

_FRESH: Final = 2.0
"""Seconds for which news need no discount, to save the arithmetic."""

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

    def factor(self, now: float) -> float:
        if not self.count:
            return 1.0
        age = now - self.at
        return self.fresh if age < _FRESH else exp(self.log * 0.5 ** (age / _DOUBT))

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
        self._usual = 1.0

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
        pace = self._paces.get(address)
        return self._usual if pace is None else pace.factor(now)

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
        self._paces.pop(address, None)

    def _learn(
        self, fit: Fit, features: tuple[float, ...], address: str, seconds: float, now: float
    ) -> None:
        if seconds <= 0:
            return
        pace = self._paces.setdefault(address, _Pace())
        factor = pace.factor(now)
        pace.learn(seconds / max(fit.predict(features), 1e-6), now)
        paces = sorted(each.log for each in self._paces.values())
        self._usual = exp(paces[len(paces) // 2])
        fit.learn(features, seconds * self._usual / factor)
