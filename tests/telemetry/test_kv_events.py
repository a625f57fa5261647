"""What is counted of KV events."""

from prometheus_client import CollectorRegistry

from gateway.picker.kv.tracker import Told
from gateway.telemetry.kv_events import KvEventMetrics

LABELS = {"pool": "chat", "endpoint": "10.0.0.1:80"}


def test_events_gaps_and_replays_are_counted_by_endpoint() -> None:
    registry = CollectorRegistry()
    metrics = KvEventMetrics(registry)
    metrics.heard("chat", "10.0.0.1:80", Told(stored=5, removed=2, malformed=1, at=10.0), 10.5)
    metrics.heard("chat", "10.0.0.1:80", Told(stored=1, cleared=1, at=12.0), 11.0)
    metrics.missed("chat", "10.0.0.1:80", 1, 7)
    metrics.missed("chat", "10.0.0.1:80", 0, 0)
    metrics.malformed("chat", "10.0.0.1:80")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {**LABELS, **labels})

    events = "gatehouse_pool_kv_events_total"
    assert value(events, kind="stored") == 6
    assert value(events, kind="removed") == 2
    assert value(events, kind="cleared") == 1
    assert value(events, kind="malformed") == 2
    assert value(events, kind="orphan") is None
    assert value("gatehouse_pool_kv_event_gaps_total") == 1
    assert value("gatehouse_pool_kv_events_replayed_total") == 7
    lag = "gatehouse_pool_kv_event_lag_seconds"
    assert registry.get_sample_value(f"{lag}_count", {"pool": "chat"}) == 2
    assert registry.get_sample_value(f"{lag}_sum", {"pool": "chat"}) == 0.5
