"""Which endpoint a session was last at. Pure: no I/O, no clock."""

from collections import OrderedDict
from typing import Final

from gateway.model.engine import EngineLoad

SESSIONS: Final = 20_000
TTL: Final = 600.0
"""Sessions that are remembered, and for how many seconds of silence."""

LOADING: Final = 0.3
"""Seconds to load an adapter that is not active."""


class Sessions:
    """The last endpoint of each session; at most 20,000, those used last."""

    def __init__(self, most: int = SESSIONS) -> None:
        self._most = most
        self._last: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def at(self, session: str, now: float) -> str | None:
        """Where the session was, None if that is unknown or too long ago."""
        known = self._last.get(session)
        return None if known is None or now - known[1] > TTL else known[0]

    def placed(self, session: str, address: str, now: float) -> None:
        """The session goes there now."""
        if session:
            self._last[session] = (address, now)
            self._last.move_to_end(session)
            if len(self._last) > self._most:
                self._last.popitem(last=False)
        while self._last and now - next(iter(self._last.values()))[1] > TTL:
            self._last.popitem(last=False)


def adapter_seconds(model: str, load: EngineLoad | None, stay: float) -> float:
    """Seconds until the endpoint has the adapter `model` ready: none if it is active, else to load
    it, and if all its places are taken, until one is free. `stay` is how long requests stay."""
    if load is None or load.max_adapters is None or model in load.running_adapters:
        return 0.0
    if model in load.waiting_adapters:
        return LOADING
    taken = len(load.running_adapters) + len(load.waiting_adapters)
    return LOADING if taken < load.max_adapters else LOADING + stay / max(load.max_adapters, 1)
