"""Envoy's clusters: one per backend, named after it, and one of the service's workers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    Cluster,
    ClusterCommonLbConfig,
    ClusterDiscoveryType,
    ClusterDnsLookupFamily,
    ClusterEdsClusterConfig,
    ClusterLbPolicy,
)
from envoy_data_plane.envoy.config.core.v3 import (
    HealthCheck,
    HealthCheckGrpcHealthCheck,
    HealthCheckTcpHealthCheck,
    HealthStatus,
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    HttpProtocolOptions,
    KeepaliveSettings,
    Metadata,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import (
    HttpProtocolOptions as UpstreamProtocol,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import (
    HttpProtocolOptionsAutoHttpConfig,
    HttpProtocolOptionsExplicitHttpConfig,
)
from envoy_data_plane.envoy.type.v3 import Percent
from envoy_data_plane.google.protobuf import Any, Struct, Value

from gateway.config.addresses import parse_address
from gateway.config.backend import Backend, BackendTls
from gateway.config.members import addresses_of
from gateway.config.pool import Pool
from gateway.config.schema import Limits, ListenerTls
from gateway.edge.balancing import by_picked_endpoint
from gateway.edge.credentials import upstream_filters
from gateway.edge.ext_proc import WORKERS
from gateway.edge.packing import file_source, packed, seconds, socket
from gateway.edge.tls import backend_socket, worker_socket

MAX_RETRIES: Final = 1_000
CONNECT_SECONDS: Final = 1.0
BUFFER_BYTES: Final = 256 * 1024
IDLE_UPSTREAM_SECONDS: Final = 4.0
"""Below the five seconds after which uvicorn and Node close an idle connection: a request sent
into that moment would be lost, and a tool call must not be repeated."""

HEALTH_INTERVAL_SECONDS: Final = 0.5
HEALTH_TIMEOUT_SECONDS: Final = 1.0
UNHEALTHY_AFTER: Final = 2
PING_INTERVAL_SECONDS: Final = 0.5
PING_TIMEOUT_SECONDS: Final = 1.0

HTTP_PROTOCOL_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_ONLY_HEALTHY: Final = ClusterCommonLbConfig(
    healthy_panic_threshold=Percent(value=0), update_merge_window=seconds(0)
)
"""Envoy would by default spread traffic over dead endpoints once half of them are, and tell its
threads of a second change of health only a second after the first: for so long they would believe
in an endpoint that died, and refuse one that came back (measured on 1.40)."""


def backend_cluster(backend: Backend, limits: Limits, endpoints: Path, secrets: Path) -> Cluster:
    """The cluster of one backend whose endpoints and credential come from these files."""
    cluster = _cluster(backend, limits, secrets)
    cluster.type = ClusterDiscoveryType.EDS
    cluster.eds_cluster_config = ClusterEdsClusterConfig(eds_config=file_source(endpoints))
    cluster.metadata = _files_digest(backend.tls) if backend.tls else None
    return cluster


def standing_cluster(backend: Backend, limits: Limits) -> Cluster:
    """The cluster of one backend in a configuration that stands by itself: nobody resolves names
    and checks endpoints for this Envoy, so it does both. Its credential is in the bootstrap.

    A server by its `url` is not probed: it is somebody else's, and may have one address only.
    Wherever its name leads, only who has its certificate gets a request.

    Of a pool there are the members that gateway.yaml names and never those of its file. A pick is
    an address: that of a member by its name is found if Envoy resolved the name to it as well, and
    otherwise the member with the fewest requests gets the request.
    """
    cluster = _cluster(backend, limits, None)
    endpoints = addresses_of(backend)
    _resolve(cluster, endpoints)
    cluster.load_assignment = _assignment(backend, dict.fromkeys(endpoints, True))
    if backend.url is None:
        cluster.health_checks = [_connect_check(backend.health_interval)]
    return cluster


def _resolve(cluster: Cluster, hosts: Sequence[str]) -> None:
    """Envoy follows the names among `hosts`, and lets go of what they no longer lead to."""
    if not any(_is_name(text) for text in hosts):
        cluster.type = ClusterDiscoveryType.STATIC
        return
    cluster.type = ClusterDiscoveryType.STRICT_DNS
    # Of a host with both, an IPv6 address is often one that cannot be reached from here.
    cluster.dns_lookup_family = ClusterDnsLookupFamily.V4_PREFERRED
    cluster.ignore_health_on_host_removal = True


def _is_name(text: str) -> bool:
    address = parse_address(text)
    return address is not None and not address.literal


def _cluster(backend: Backend, limits: Limits, secrets: Path | None) -> Cluster:
    pooled = isinstance(backend, Pool)
    return Cluster(
        name=backend.name,
        connect_timeout=seconds(CONNECT_SECONDS),
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
        lb_policy=(
            ClusterLbPolicy.LOAD_BALANCING_POLICY_CONFIG
            if pooled
            else ClusterLbPolicy.LEAST_REQUEST
        ),
        load_balancing_policy=by_picked_endpoint() if pooled else None,
        common_lb_config=_ONLY_HEALTHY,
        circuit_breakers=_breakers(limits),
        transport_socket=backend_socket(backend.tls) if backend.tls else None,
        typed_extension_protocol_options={
            HTTP_PROTOCOL_OPTIONS: _backend_protocol(backend, secrets)
        },
    )


def _files_digest(tls: BackendTls) -> Metadata:
    """Makes another cluster of one whose certificates changed in their files: Envoy reads these
    only when the cluster itself changes. Raises OSError."""
    digest = hashlib.sha256()
    for file in (tls.ca, tls.certificate, tls.key):
        digest.update(Path(file).read_bytes() if file else b"")
    value = Struct(fields={"digest": Value(string_value=digest.hexdigest()[:16])})
    return Metadata(filter_metadata={"gatehouse.tls_files": value})


def load_assignment(
    backend: Backend, health: Mapping[tuple[str, str], bool]
) -> ClusterLoadAssignment:
    """The endpoints of one backend.

    `health` maps (backend, "ip:port") to whether the endpoint is healthy, for every resolved
    endpoint. A backend that it does not know has the endpoints of its configuration that need no
    resolving, healthy until somebody looks.
    """
    known = {address: up for (name, address), up in health.items() if name == backend.name}
    return _assignment(backend, known or dict.fromkeys(_literal(addresses_of(backend)), True))


def _assignment(backend: Backend, endpoints: Mapping[str, bool]) -> ClusterLoadAssignment:
    return ClusterLoadAssignment(
        cluster_name=backend.name,
        endpoints=[
            LocalityLbEndpoints(lb_endpoints=[_endpoint(*item) for item in endpoints.items()])
        ],
    )


def workers_cluster(workers: Sequence[str], limits: Limits, tls: ListenerTls | None) -> Cluster:
    """The service's workers, `host:port` or `unix:PATH` each, health-checked over grpc.health.v1.

    A worker that fails its checks gets nothing new; one that leaves a ping unanswered loses its
    connection, so that what it held unanswered is retried on another. (Health checks cannot do
    that: Envoy lets the streams of an unhealthy host run on.) The pings need a gRPC server with
    "grpc.http2.max_ping_strikes" 0; with another it would end connections as abuse.
    """
    endpoints = [LbEndpoint(endpoint=Endpoint(address=socket(worker))) for worker in workers]
    cluster = Cluster(
        name=WORKERS,
        connect_timeout=seconds(CONNECT_SECONDS),
        lb_policy=ClusterLbPolicy.LEAST_REQUEST,
        common_lb_config=_ONLY_HEALTHY,
        circuit_breakers=_breakers(limits),
        health_checks=[_health_check()],
        load_assignment=ClusterLoadAssignment(
            cluster_name=WORKERS, endpoints=[LocalityLbEndpoints(lb_endpoints=endpoints)]
        ),
        transport_socket=worker_socket(tls) if tls else None,
        typed_extension_protocol_options={HTTP_PROTOCOL_OPTIONS: _worker_protocol()},
    )
    _resolve(cluster, workers)
    return cluster


def _literal(endpoints: Sequence[str]) -> Iterator[str]:
    for text in endpoints:
        address = parse_address(text)
        if address and address.literal:
            yield text


def _endpoint(address: str, up: bool) -> LbEndpoint:
    status = HealthStatus.HEALTHY if up else HealthStatus.UNHEALTHY
    return LbEndpoint(endpoint=Endpoint(address=socket(address)), health_status=status)


def _breakers(limits: Limits) -> CircuitBreakers:
    most = limits.streams
    return CircuitBreakers(
        thresholds=[
            CircuitBreakersThresholds(
                max_connections=most,
                max_pending_requests=most,
                max_requests=most,
                max_retries=MAX_RETRIES,
            )
        ]
    )


def _health_check() -> HealthCheck:
    return HealthCheck(
        timeout=seconds(HEALTH_TIMEOUT_SECONDS),
        interval=seconds(HEALTH_INTERVAL_SECONDS),
        no_traffic_interval=seconds(HEALTH_INTERVAL_SECONDS),
        unhealthy_threshold=UNHEALTHY_AFTER,
        healthy_threshold=1,
        grpc_health_check=HealthCheckGrpcHealthCheck(),
    )


def _connect_check(interval: float) -> HealthCheck:
    """As the gateway checks: healthy until two connections failed, and again after one."""
    return HealthCheck(
        timeout=seconds(HEALTH_TIMEOUT_SECONDS),
        interval=seconds(interval),
        no_traffic_interval=seconds(interval),
        unhealthy_threshold=UNHEALTHY_AFTER,
        healthy_threshold=1,
        tcp_health_check=HealthCheckTcpHealthCheck(),
    )


def _worker_protocol() -> Any:
    pings = KeepaliveSettings(
        interval=seconds(PING_INTERVAL_SECONDS), timeout=seconds(PING_TIMEOUT_SECONDS)
    )
    explicit = HttpProtocolOptionsExplicitHttpConfig(
        http2_protocol_options=Http2ProtocolOptions(connection_keepalive=pings)
    )
    return packed(UpstreamProtocol(explicit_http_config=explicit))


def _backend_protocol(backend: Backend, secrets: Path | None) -> Any:
    options = UpstreamProtocol(
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=seconds(IDLE_UPSTREAM_SECONDS)
        ),
        http_filters=upstream_filters(backend, secrets) if backend.auth else [],
    )
    if backend.http2 and not backend.tls:
        options.explicit_http_config = HttpProtocolOptionsExplicitHttpConfig(
            http2_protocol_options=Http2ProtocolOptions()
        )
    elif backend.tls:
        options.auto_config = HttpProtocolOptionsAutoHttpConfig(
            http_protocol_options=Http1ProtocolOptions(),
            http2_protocol_options=Http2ProtocolOptions(),
        )
    else:
        options.explicit_http_config = HttpProtocolOptionsExplicitHttpConfig(
            http_protocol_options=Http1ProtocolOptions()
        )
    return packed(options)
