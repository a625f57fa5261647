"""When a key set is fetched next. Pure: no I/O, no clock; time is given in seconds."""

from dataclasses import dataclass, field
from typing import Final

EARLY_INTERVAL: Final = 10.0
"""Least seconds between a fetch and one that an unknown key id asks for: anybody can send one."""
FIRST_RETRY: Final = 1.0
LAST_RETRY: Final = 60.0
SPREAD: Final = 0.1


@dataclass(slots=True)
class Schedule:
    """Regular refresh, exponential back-off after failures, early refresh for unknown key ids.

    `refresh` is the regular interval. `random` values that the methods take lie in [0, 1) and
    spread the fetches of several gateways: by a tenth of the interval, or half of a back-off.
    """

    refresh: float
    due: float = 0.0
    failures: int = field(default=0, init=False)
    _attempted: float | None = field(default=None, init=False)

    def started(self, now: float) -> None:
        """A fetch begins."""
        self._attempted = now

    def succeeded(self, now: float, random: float) -> None:
        """The fetch brought a key set."""
        self.failures = 0
        self.due = now + self.refresh * (1 - SPREAD * random)

    def failed(self, now: float, random: float) -> None:
        """The fetch brought none: 1, 2, 4, ... seconds, at most the regular interval."""
        ceiling = min(LAST_RETRY, self.refresh)
        delay = min(FIRST_RETRY * 2 ** min(self.failures, 16), ceiling)
        self.failures += 1
        self.due = now + delay * (1 - 0.5 * random)

    def hurry(self, now: float) -> None:
        """A token named an unknown key. While fetches fail, the back-off stands."""
        if self.failures == 0 and self._attempted is not None:
            self.due = min(self.due, max(now, self._attempted + EARLY_INTERVAL))
