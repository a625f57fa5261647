from tests.picker.plugins.case import candidate, kept, load

SERVERS = [
    candidate("idle", load=load(0, 0, 0.0)),
    candidate("queue", load=load(waiting=6, running=8, kv_usage=0.2)),
    candidate("cache", load=load(waiting=0, running=8, kv_usage=0.9)),
    candidate("unknown", requests=3),
]


def test_bounds_are_anded_and_inclusive() -> None:
    assert kept("utilization-filter", SERVERS, waiting_queue=6) == [
        "idle",
        "queue",
        "cache",
        "unknown",
    ]
    found = kept("utilization-filter", SERVERS, waiting_queue=5, kv_cache_utilization=0.8)
    assert found == ["idle", "unknown"]
    assert kept("utilization-filter", SERVERS, running_requests=7) == ["idle", "unknown"]


def test_the_gateways_own_count_bounds_servers_without_metrics() -> None:
    assert kept("utilization-filter", SERVERS, active_requests=2) == ["idle", "queue", "cache"]


def test_none_stay_if_none_is_below_unless_told_to_fall_back() -> None:
    busy = SERVERS[1:3]
    assert kept("utilization-filter", busy, running_requests=1) == []
    found = kept("utilization-filter", busy, running_requests=1, fallback_on_empty=True)
    assert found == ["queue", "cache"]
