"""What is counted of KV events, in the process that picks."""

from functools import cache
from typing import Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from gateway.telemetry.series import Series

_LAG = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Counted(Protocol):
    """What some messages came to (`gateway.picker.kv.tracker.Told`)."""

    stored: int
    removed: int
    orphans: int
    cleared: int
    malformed: int
    anew: int
    at: float


class KvEventMetrics:
    """The metrics of one process. Labels are pools of the configuration, and addresses."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.events = Counter(
            "gatehouse_pool_kv_events_total",
            "Blocks stored, removed, and left out as orphans; caches cleared; malformed events; "
            "and how often what was known of an endpoint was forgotten (anew).",
            ["pool", "endpoint", "kind"],
            registry=registry,
        )
        self.gaps = Counter(
            "gatehouse_pool_kv_event_gaps_total",
            "How often messages were missing.",
            ["pool", "endpoint"],
            registry=registry,
        )
        self.replayed = Counter(
            "gatehouse_pool_kv_events_replayed_total",
            "Messages that were asked for again, and came.",
            ["pool", "endpoint"],
            registry=registry,
        )
        self.lag = Histogram(
            "gatehouse_pool_kv_event_lag_seconds",
            "From an engine's clock when it published to the gateway's when it had read.",
            ["pool"],
            buckets=_LAG,
            registry=registry,
        )
        self._events = Series(self.events)
        self._gaps = Series(self.gaps)
        self._replayed = Series(self.replayed)
        self._lag = Series(self.lag)

    def heard(self, pool: str, endpoint: str, told: Counted, wall: float) -> None:
        """Messages have been read; `wall` is now, in seconds since 1970."""
        for kind, count in (
            ("stored", told.stored),
            ("removed", told.removed),
            ("orphan", told.orphans),
            ("cleared", told.cleared),
            ("malformed", told.malformed),
            ("anew", told.anew),
        ):
            if count:
                self._events(pool, endpoint, kind).inc(count)
        if told.at:
            self._lag(pool).observe(max(wall - told.at, 0.0))

    def missed(self, pool: str, endpoint: str, gaps: int, replayed: int) -> None:
        """So many more gaps were found, and so many messages came again."""
        if gaps:
            self._gaps(pool, endpoint).inc(gaps)
        if replayed:
            self._replayed(pool, endpoint).inc(replayed)

    def malformed(self, pool: str, endpoint: str) -> None:
        """A message was none at all."""
        self._events(pool, endpoint, "malformed").inc()


@cache
def process_kv_event_metrics() -> KvEventMetrics:
    """Those of this process, which are in the registry of all."""
    return KvEventMetrics()
