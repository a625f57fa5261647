"""Endpoints that do not answer as they should, and how much later they are to be expected. Pure.

A request that is overdue says that its endpoint is slower than believed: of waits without a known
end the rest is about as long as what has passed (Lindy's rule), so that the time since a first
token was due counts as time until the next. It is over with any sign of life. Failures in a row
count as time, too, twice as long with each (as Envoy's outlier detection ejects, but nothing is
excluded): what is left of it is added to the predicted time, so that the endpoint is tried when it
has passed, or when the others are worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

from gateway.model.engine import EngineLoad
from gateway.model.placement import Served

PATIENCE: Final = 0.5
"""Seconds after which a request can be overdue at the earliest: what a scrape may be late."""

SLACK: Final = 2.0
"""How many times as long as predicted is no surprise."""

BACKOFF: Final = 1.0
"""Seconds after a first failure that the endpoint is avoided."""

LONGEST: Final = 30.0
"""Seconds after which an endpoint in trouble is tried again at the latest."""


_FAILURE: Final = 500
"""HTTP status from which on it is the server's fault."""

_USUAL_SHARE: Final = 1 / 50
_LONG: Final = 3.0
"""How many times as long as the mean a request may take."""


@dataclass(slots=True)
class _Signs:
    """Of one life of an endpoint: when it last lived, when its counters were last looked at, since
    when something has been overdue (None: nothing is), when something was last sent there, and its
    failures in a row, with the time of the last."""

    alive: float = float("-inf")
    looked: float = float("-inf")
    overdue: float | None = None
    sent: float = 0.0
    failures: int = 0
    failed: float = 0.0

    @property
    def back(self) -> float:
        """When it is to be tried again after its failures."""
        if not self.failures:
            return float("-inf")
        return self.failed + min(BACKOFF * 2.0 ** min(self.failures - 1, 10), LONGEST)


@dataclass(order=True, slots=True)
class _Open:
    """A request that is not answered; at `at` it is looked at. Its first token was `due`."""

    at: float
    ticket: int
    address: str = field(compare=False)
    placed: float = field(compare=False)
    due: float = field(compare=False)
    signs: _Signs = field(compare=False)


class Troubles:
    """What is known against endpoints. The time of all calls together grows with the logarithm of
    the open requests, and with the endpoints in trouble."""

    def __init__(self) -> None:
        self._signs: dict[str, _Signs] = {}
        self._open: dict[int, _Open] = {}
        self._checks: list[_Open] = []
        self._suspects: set[str] = set()
        self._usual, self._ends = LONGEST, 0

    def sent(self, ticket: int, address: str, now: float, first: float | None) -> None:
        """A request goes there, its first token expected in `first` seconds (None: unknown)."""
        signs = self._signs.setdefault(address, _Signs())
        signs.sent = now
        due = now + (LONGEST if first is None else SLACK * first + PATIENCE)
        self._open[ticket] = open_ = _Open(due, ticket, address, now, due, signs)
        heappush(self._checks, open_)

    def began(self, ticket: int, now: float) -> None:
        """Its first token came."""
        open_ = self._open.pop(ticket, None)
        if open_ is not None and self._current(open_):
            self.lives(open_.address, now)

    def judge(self, ticket: int, address: str, served: Served, now: float) -> None:
        """What the end of a request says of the endpoint at `address`, which it was sent to, and of
        the one that answered instead."""
        other = None if served.endpoint == address else served.endpoint
        well = None if served.status == 0 else served.status < _FAILURE and other is None
        self.ended(ticket, now, well=well)
        if other is not None and 0 < served.status < _FAILURE:
            self.lives(other, now)

    def ended(self, ticket: int, now: float, *, well: bool | None) -> None:
        """A request is over, well or not. None: unanswered, as when its client left. That is no
        news, unless it should have been answered by then."""
        open_ = self._open.pop(ticket, None)
        if open_ is None or not self._current(open_):
            return
        if well:
            self._ends += 1
            share = max(1 / self._ends, _USUAL_SHARE)
            self._usual += (now - open_.placed - self._usual) * share
            self.lives(open_.address, now)
        elif well is False or self._overdue(open_, now):
            self._fail(open_.address, now, open_.placed)

    def lives(self, address: str, now: float) -> None:
        """It answered, or its counters moved. Nothing if nothing was sent there."""
        signs = self._signs.get(address)
        if signs is None:
            return
        signs.alive = max(signs.alive, now)
        signs.overdue = None
        signs.failures = 0
        self._suspects.discard(address)

    def looked(self, address: str, at: float) -> None:
        """Its counters of `at` have not moved since they were last looked at."""
        if address in self._signs:
            self._signs[address].looked = at

    def left(self, address: str) -> None:
        """The endpoint is gone; the next at its address is another."""
        self._signs.pop(address, None)
        self._suspects.discard(address)

    def current(self, now: float) -> Mapping[str, float]:
        """Seconds later than predicted, 0 to 30, that endpoints are to be expected to answer; those
        that are well are left out."""
        while self._checks and self._checks[0].at <= now:
            self._check(heappop(self._checks), now)
        if not self._suspects:
            return {}
        found = {address: self._seconds(self._signs[address], now) for address in self._suspects}
        return {address: seconds for address, seconds in found.items() if seconds > 0}

    def _check(self, open_: _Open, now: float) -> None:
        signs = open_.signs
        if self._open.get(open_.ticket) is not open_ or not self._current(open_):
            return
        if signs.alive >= open_.placed:
            del self._open[open_.ticket]
        elif self._overdue(open_, now):
            signs.overdue = open_.due if signs.overdue is None else signs.overdue
            self._suspects.add(open_.address)
        else:
            open_.at = now + max(now - open_.placed, PATIENCE)
            heappush(self._checks, open_)

    def _overdue(self, open_: _Open, now: float) -> bool:
        """Whether this says something against the endpoint: its first token should have been seen,
        in its counters at least, or its end."""
        signs = open_.signs
        if signs.alive >= open_.placed or now < open_.due:
            return False
        end = open_.placed + SLACK * _LONG * self._usual + PATIENCE
        return signs.looked >= open_.due or now >= max(end, open_.due)

    def _fail(self, address: str, now: float, placed: float) -> None:
        """What was sent before the last failure is the same trouble as that."""
        signs = self._signs[address]
        if not signs.failures or placed >= signs.failed:
            signs.failures += 1
            signs.failed = now
        self._suspects.add(address)

    def _seconds(self, signs: _Signs, now: float) -> float:
        late = 0.0
        if signs.overdue is not None and now - signs.sent < LONGEST:
            late = min(now - signs.overdue + PATIENCE, LONGEST)
        return max(late, signs.back - now)

    def _current(self, open_: _Open) -> bool:
        """Whether it was sent to the endpoint that is at its address now."""
        return self._signs.get(open_.address) is open_.signs


def progress(before: EngineLoad, after: EngineLoad) -> bool | None:
    """Whether the server has done something between two scrapes, by its counters; None: it has
    none."""
    pairs = (
        (before.generation_tokens, after.generation_tokens),
        (before.prompt_tokens, after.prompt_tokens),
        (before.ttft_count, after.ttft_count),
    )
    known = [(old, new) for old, new in pairs if old is not None and new is not None]
    return any(old != new for old, new in known) if known else None
