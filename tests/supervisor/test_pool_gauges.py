"""Pools as gauges: what there is now, and nothing that is gone."""

from typing import Any

from prometheus_client import CollectorRegistry

from gateway.supervisor.pool_gauges import ENDPOINTS, PoolGauges


def endpoint(address: str, **load: Any) -> dict[str, Any]:
    return {"address": address, "in_flight": {"requests": 4}, "load": load or None}


def view(*endpoints: dict[str, Any], bands: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    queue = {"saturation": 0.5, "bands": bands or []}
    pool = {"name": "gpu", "endpoints": [*endpoints], "queue": queue, "scraped": True}
    return {"version": 1, "pools": [pool]}


def shown(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("gatehouse_pool_"), *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_an_endpoint_has_what_it_told_and_no_series_of_what_it_did_not() -> None:
    registry = CollectorRegistry()
    PoolGauges(registry).show(view(endpoint("a:1", running=2, kv_usage=0.25), endpoint("b:1")))
    assert shown(registry) == {
        ("saturation_ratio", "gpu"): 0.5,
        ("in_flight_requests", "gpu", "a:1"): 4,
        ("in_flight_requests", "gpu", "b:1"): 4,
        ("running_requests", "gpu", "a:1"): 2,
        ("kv_usage_ratio", "gpu", "a:1"): 0.25,
        ("load_known", "gpu", "a:1"): 1,
        ("load_known", "gpu", "b:1"): 0,
    }


def test_servers_that_are_not_asked_are_not_missing() -> None:
    registry = CollectorRegistry()
    told = view(endpoint("a:1"))
    told["pools"][0]["scraped"] = False
    PoolGauges(registry).show(told)
    assert ("in_flight_requests", "gpu", "a:1") in shown(registry)
    assert ("load_known", "gpu", "a:1") not in shown(registry)


def test_what_is_known_by_events_is_told_of_those_that_are_listened_to() -> None:
    registry = CollectorRegistry()
    heard = {**endpoint("a:1"), "kv_events": {"blocks": 7, "joined": 3, "unjoined": 1}}
    PoolGauges(registry).show(view(heard, {**endpoint("b:1"), "kv_events": None}))
    found = shown(registry)
    assert found["kv_event_blocks", "gpu", "a:1"] == 7
    assert found["kv_event_joined_requests", "gpu", "a:1"] == 3
    assert found["kv_event_unjoined_requests", "gpu", "a:1"] == 1
    assert ("kv_event_blocks", "gpu", "b:1") not in found


def test_a_band_has_what_waits_in_it() -> None:
    registry = CollectorRegistry()
    band = {"priority": -1, "waiting": 3, "bytes": 300, "oldest": 1.5}
    PoolGauges(registry).show(view(bands=[band]))
    found = shown(registry)
    assert found["queue_requests", "gpu", "-1"] == 3
    assert found["queue_bytes", "gpu", "-1"] == 300
    assert found["queue_oldest_seconds", "gpu", "-1"] == 1.5


def test_what_is_gone_is_no_longer_shown() -> None:
    registry = CollectorRegistry()
    gauges = PoolGauges(registry)
    gauges.show(view(endpoint("a:1", running=2)))
    gauges.show({"version": 1, "pools": []})
    assert shown(registry) == {}


def test_there_is_an_end_to_the_endpoints_that_have_series() -> None:
    registry = CollectorRegistry()
    PoolGauges(registry).show(view(*(endpoint(f"a:{n}") for n in range(ENDPOINTS + 5))))
    assert sum(name[0] == "load_known" for name in shown(registry)) == ENDPOINTS


def test_requests_of_other_gateways_are_told_by_those() -> None:
    registry = CollectorRegistry()
    told = view(endpoint("a:1"))
    told["pools"][0]["endpoints"][0]["in_flight"]["elsewhere"] = 3
    PoolGauges(registry).show(told)
    assert shown(registry)["in_flight_requests", "gpu", "a:1"] == 1


def test_whether_picks_are_shared_is_told_where_they_are_to_be() -> None:
    registry = CollectorRegistry()
    gauges = PoolGauges(registry)
    state = {"connected": False, "peers": 2, "peer_requests": 7}
    gauges.show({**view(), "state": {**state}})
    told = shown(registry)
    assert told["gatehouse_state_connected", "redis"] == 0
    assert told["gatehouse_state_peers", "redis"] == 2
    assert told["gatehouse_state_peer_requests", "redis"] == 7
    gauges.show(view())
    assert not [name for name in shown(registry) if name[0].startswith("gatehouse_state")]
