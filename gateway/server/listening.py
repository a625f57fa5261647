"""Which model servers are listened to for what they have cached, while pools come and go."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.picker.kv.feed import Feed, Step
from gateway.picker.kv.source import Source
from gateway.server.counting import CountingPlacer
from gateway.telemetry.kv_events import KvEventMetrics, process_kv_event_metrics

Hear: TypeAlias = Callable[[Feed, Sequence[Step]], None]
"""Is told what a feed makes of a message."""


class Subscription(Protocol):
    """One server's events, until it is closed."""

    def close(self) -> None: ...


OpenSubscription: TypeAlias = Callable[[Source, Hear, Callable[[], None]], Subscription]
"""Subscribes; the last is called for each message that is none."""


class Listening:
    """Keeps a subscription to each server of the pools of `placer` that have `kv_events`."""

    def __init__(
        self,
        placer: CountingPlacer,
        subscribe: OpenSubscription,
        metrics: KvEventMetrics | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._placer = placer
        self._subscribe = subscribe
        self._metrics = metrics or process_kv_event_metrics()
        self._wall = wall
        self._open: dict[tuple[str, str], tuple[Source, Subscription]] = {}
        placer.when_members = self.use

    def use(self) -> None:
        """Subscribe as the pools and their endpoints are now."""
        wanted = {
            (name, address): source
            for name, desk in self._placer.desks.items()
            for address, source in desk.pool.sources().items()
        }
        for key, (source, subscription) in list(self._open.items()):
            if wanted.get(key) != source:
                subscription.close()
                del self._open[key]
        for key, source in wanted.items():
            if key not in self._open:
                self._open[key] = source, self._subscribed(key, source)

    def close(self) -> None:
        """End every subscription."""
        self._placer.when_members = lambda: None
        for _, subscription in self._open.values():
            subscription.close()
        self._open.clear()

    def _subscribed(self, key: tuple[str, str], source: Source) -> Subscription:
        gaps = replayed = 0

        def hear(feed: Feed, steps: Sequence[Step]) -> None:
            nonlocal gaps, replayed
            told = self._placer.heard(*key, steps)
            self._metrics.heard(*key, told, self._wall())
            self._metrics.missed(*key, feed.gaps - gaps, feed.replayed - replayed)
            gaps, replayed = feed.gaps, feed.replayed

        return self._subscribe(source, hear, lambda: self._metrics.malformed(*key))
