from prometheus_client import CollectorRegistry

from gateway.telemetry.sharing import ShareMetrics, process_share_metrics


def test_every_outcome_has_a_series_before_anything_has_happened() -> None:
    registry = CollectorRegistry()
    ShareMetrics(registry)
    for outcome in ("sent", "received", "refused"):
        labels = {"outcome": outcome}
        assert registry.get_sample_value("gatehouse_state_messages_total", labels) == 0
    for what in ("events", "blocks"):
        assert registry.get_sample_value("gatehouse_state_untold_total", {"what": what}) == 0


def test_a_process_has_them_once() -> None:
    assert process_share_metrics() is process_share_metrics()
