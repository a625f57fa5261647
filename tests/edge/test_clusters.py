from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster, ClusterDiscoveryType

from gateway.config.destination import settled
from gateway.config.schema import Limits
from gateway.edge.clusters import (
    backend_cluster,
    load_assignment,
    standing_cluster,
    workers_cluster,
)
from gateway.edge.packing import to_json
from tests.edge.stage import gateway_of


def clusters_of(limits: Limits) -> tuple[Cluster, ...]:
    """Every kind of cluster."""
    backend = gateway_of().backends[0]
    return (
        backend_cluster(backend, limits, Path("/endpoints"), Path("/secrets")),
        standing_cluster(backend, limits),
        workers_cluster(["h:1"], limits, None),
    )


def test_circuit_breakers_come_from_the_limits_and_not_from_envoys_defaults() -> None:
    for cluster in clusters_of(Limits(streams=777)):
        assert cluster.circuit_breakers is not None
        (most,) = cluster.circuit_breakers.thresholds
        assert (most.max_connections, most.max_pending_requests, most.max_requests) == (777,) * 3
        assert most.max_retries == 1_000


def test_no_cluster_is_ever_steered_by_the_client_or_panics() -> None:
    for cluster in clusters_of(Limits()):
        assert cluster.type is not ClusterDiscoveryType.ORIGINAL_DST
        assert cluster.common_lb_config is not None
        assert cluster.common_lb_config.healthy_panic_threshold is not None
        assert cluster.common_lb_config.healthy_panic_threshold.value == 0


def test_every_change_of_health_counts_at_once() -> None:
    for cluster in clusters_of(Limits()):
        assert '"updateMergeWindow":"0s"' in to_json(cluster)


def test_endpoints_are_those_that_the_supervisor_knows() -> None:
    backend = gateway_of(endpoints=["tracker.example:80"]).backends[0]
    health = {
        ("tracker", "10.0.0.1:80"): True,
        ("tracker", "[::1]:80"): False,
        ("x", "10.0.0.2:1"): True,
    }
    text = to_json(load_assignment(backend, health))
    assert '"address":"10.0.0.1"' in text
    assert '"address":"::1"' in text
    assert text.count("UNHEALTHY") == 1
    assert "10.0.0.2" not in text


def test_before_anybody_looked_only_addresses_that_need_no_resolving_are_endpoints() -> None:
    backend = gateway_of(endpoints=["tracker.example:80", "10.0.0.1:80"]).backends[0]
    text = to_json(load_assignment(backend, {}))
    assert "10.0.0.1" in text
    assert "tracker.example" not in text


def test_a_worker_that_does_not_answer_pings_loses_its_connection() -> None:
    cluster = workers_cluster(["127.0.0.1:1", "unix:/w.sock"], Limits(), None)
    text = to_json(cluster)
    assert '"connectionKeepalive":{"interval":"0.500s","timeout":"1s"}' in text
    assert cluster.name == "gatehouse_workers"


@pytest.mark.parametrize(
    ("endpoints", "kind"),
    [
        (["127.0.0.1:1", "[::1]:2"], ClusterDiscoveryType.STATIC),
        (["127.0.0.1:1", "tracker.example:2"], ClusterDiscoveryType.STRICT_DNS),
        (["tracker.example:2"], ClusterDiscoveryType.STRICT_DNS),
    ],
)
def test_an_envoy_that_nobody_writes_files_for_resolves_and_checks_by_itself(
    endpoints: list[str], kind: ClusterDiscoveryType
) -> None:
    cluster = standing_cluster(gateway_of(endpoints=endpoints).backends[0], Limits())
    assert cluster.type is kind
    assert "pathConfigSource" not in to_json(cluster)
    assert cluster.load_assignment is not None
    hosts = cluster.load_assignment.endpoints[0].lb_endpoints
    assert len(hosts) == len(endpoints)
    (check,) = cluster.health_checks
    assert check.tcp_health_check is not None
    assert check.interval is not None
    assert check.interval.total_seconds() == 0.5


def test_a_server_elsewhere_is_resolved_but_not_probed() -> None:
    backend = {"name": "tracker", "url": "https://api.example/v1"}
    cluster = standing_cluster(settled(gateway_of(backends=[backend])).backends[0], Limits())
    assert cluster.type is ClusterDiscoveryType.STRICT_DNS
    assert cluster.health_checks == []
    socket = cluster.to_dict()["transportSocket"]["typedConfig"]
    assert socket["sni"] == "api.example"
    trust = socket["commonTlsContext"]["validationContext"]
    assert trust["matchTypedSubjectAltNames"] == [
        {"sanType": "DNS", "matcher": {"exact": "api.example", "ignoreCase": True}}
    ]
    assert trust["trustedCa"]["filename"]
    assert cluster.load_assignment is not None
    assert len(cluster.load_assignment.endpoints[0].lb_endpoints) == 1


@pytest.mark.parametrize(
    ("workers", "kind"),
    [
        (["127.0.0.1:1", "unix:/w.sock"], ClusterDiscoveryType.STATIC),
        (["gateway-a:1", "gateway-b:1"], ClusterDiscoveryType.STRICT_DNS),
    ],
)
def test_workers_may_be_named(workers: list[str], kind: ClusterDiscoveryType) -> None:
    assert workers_cluster(workers, Limits(), None).type is kind


def test_the_members_of_a_pool_are_all_its_endpoints() -> None:
    pool = {"name": "gpu", "endpoints": ["10.0.0.1:80"], "members": [{"address": "10.0.0.2:80"}]}
    (configured,) = gateway_of(pools=[pool]).pools
    standing = to_json(standing_cluster(configured, Limits()))
    for text in (to_json(load_assignment(configured, {})), standing):
        assert '"address":"10.0.0.1"' in text
        assert '"address":"10.0.0.2"' in text
    assert "override_host" in standing
