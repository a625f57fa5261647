"""What two scrapes of an endpoint say about the time between them. Pure: no I/O, no clock."""

from typing import Final

from gateway.model.engine import EngineLoad
from gateway.picker.learning import Began

_ENOUGH: Final = 4
"""First tokens that are compared at once, so that it matters little which they were."""


class Watch:
    """The counters of one life of one endpoint, against what was predicted for it meanwhile.

    Most answers are not read by the gateway, so that it does not see their first tokens. The
    server's own counters tell how long they took on average; what was in front of them on average
    is known from their placements.
    """

    __slots__ = ("_begun", "_context", "_count", "_last", "_work")

    def __init__(self) -> None:
        self._last: EngineLoad | None = None
        self._begun: EngineLoad | None = None
        self._count = 0
        self._work = 0.0
        self._context = 0.0

    def expected(self, work_tokens: float, context_tokens: float) -> None:
        """By now the first token of a request with these (as in `Began`) should have come."""
        self._count += 1
        self._work += work_tokens
        self._context += work_tokens * context_tokens

    def began(self, address: str, load: EngineLoad) -> Began | None:
        """What the new scrape says about first tokens, once it says enough."""
        since = self._begun
        if since is None or _fell(since.ttft_count, load.ttft_count):
            self._restart(load)
            return None
        count = _gained(since.ttft_count, load.ttft_count)
        total = _gained(since.ttft_sum, load.ttft_sum)
        if count < _ENOUGH or self._count < _ENOUGH or not 0.5 < count / self._count < 2:
            if count > 10 * _ENOUGH:
                self._restart(load)
            return None
        work = self._work / self._count
        context = self._context / self._work if self._work else 0.0
        self._restart(load)
        return Began(address, total / count, work, context, load.at, _ENOUGH)

    def step(self, load: EngineLoad) -> float | None:
        """Seconds per token of each answer that ran between the last two scrapes; None if it cannot
        be said."""
        last, self._last = self._last, load
        if last is None or not last.running or not load.running or load.waiting:
            return None
        tokens = _gained(last.generation_tokens, load.generation_tokens)
        if tokens <= 0 or load.at <= last.at:
            return None
        return (load.at - last.at) * (last.running + load.running) / 2 / tokens

    def _restart(self, load: EngineLoad) -> None:
        self._begun = load
        self._count = 0
        self._work = self._context = 0.0


def _gained(before: float | None, after: float | None) -> float:
    return after - before if before is not None and after is not None else 0.0


def _fell(before: float | None, after: float | None) -> bool:
    return _gained(before, after) < 0
