"""Metrics of picks."""

from prometheus_client import CollectorRegistry

from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.telemetry.picking import PickMetrics, first_token, process_pick_metrics

PLACED = Placement(1, "10.0.0.1:80", "chat", "default", expected=500, prompt_tokens=80)


def test_a_prediction_is_held_against_what_came() -> None:
    registry = CollectorRegistry()
    metrics = PickMetrics(registry)
    metrics.placed(PLACED, 0, alone=False)
    metrics.ended(PLACED, Served(PLACED.endpoint, 200, 0.6))
    labels = {"pool": "chat", "profile": "default"}

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"gatehouse_pool_{name}", labels)

    assert value("first_token_seconds_sum") == 0.6
    assert value("expected_first_token_seconds_sum") == 0.5
    assert value("first_token_ratio_sum") == 1.2


def test_first_tokens_that_no_prediction_was_made_of_are_counted_alone() -> None:
    registry = CollectorRegistry()
    metrics = PickMetrics(registry)
    metrics.ended(Placement(1, "10.0.0.1:80", "chat", "field"), Served(None, 200, 0.6))
    labels = {"pool": "chat", "profile": "field"}
    assert registry.get_sample_value("gatehouse_pool_first_token_seconds_count", labels) == 1
    assert registry.get_sample_value("gatehouse_pool_first_token_ratio_count", labels) is None


def test_only_the_first_token_of_the_picked_endpoint_counts() -> None:
    assert first_token(PLACED, Served(PLACED.endpoint, 200, 0.5)) == 0.5
    assert first_token(PLACED, Served("10.0.0.2:80", 200, 0.5)) is None
    assert first_token(PLACED, Served(PLACED.endpoint, 500, 0.5)) is None
    assert first_token(PLACED, Served()) is None


def test_endpoints_that_come_and_go_do_not_make_series_without_end() -> None:
    registry = CollectorRegistry()
    metrics = PickMetrics(registry)
    for number in range(6_000):
        metrics.placed(Placement(1, f"10.0.0.1:{number}", "chat", "default"), 0, alone=False)
    (family,) = [one for one in registry.collect() if one.name == "gatehouse_pool_picks"]
    values = {
        sample.labels["endpoint"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert len(values) == 5_001
    assert values["_OTHER"] == 1_000


def test_a_drop_counts_by_band_and_reason() -> None:
    registry = CollectorRegistry()
    PickMetrics(registry).dropped("chat", Dropped(Drop.EXPIRED, waited=2.0), -1)
    labels = {"pool": "chat", "priority": "-1"}
    reason = {"reason": "rejected-ttl-expired"}
    assert registry.get_sample_value("gatehouse_pool_dropped_total", labels | reason) == 1
    waited = registry.get_sample_value(
        "gatehouse_pool_waited_seconds_sum", labels | {"outcome": "dropped"}
    )
    assert waited == 2.0


def test_a_process_has_them_once() -> None:
    assert process_pick_metrics() is process_pick_metrics()
