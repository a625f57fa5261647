"""Taints that one worker remembers. No I/O; the clock is passed in."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

MOST: Final = 100_000
"""Keys that are remembered. Beyond it nothing can be written, so that nothing is forgotten early:
a result that would taint is refused then."""


class MemoryTaints:
    """A `TaintStore` of this process alone. `now` is in seconds, of any origin."""

    def __init__(self, now: Callable[[], float], most: int = MOST) -> None:
        self._now = now
        self._most = most
        self._kept: OrderedDict[str, dict[str, float]] = OrderedDict()

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        """Those of the labels that are not over."""
        now = self._now()
        return frozenset(
            label
            for key in keys
            for label, end in self._kept.get(key, {}).items()
            if end > now and label in labels
        )

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        """Keep labels, each for its seconds. An older one is never shortened."""
        now = self._now()
        fresh = [key for key in keys if key not in self._kept]
        if len(self._kept) + len(fresh) > self._most:
            self._forget(now)
        if len(self._kept) + len(fresh) > self._most:
            return False
        for key in keys:
            kept = self._kept.setdefault(key, {})
            for label, seconds in labels.items():
                kept[label] = max(kept.get(label, 0.0), now + seconds)
        return True

    def _forget(self, now: float) -> None:
        over = [key for key, kept in self._kept.items() if max(kept.values()) <= now]
        for key in over:
            del self._kept[key]
