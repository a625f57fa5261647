"""Envoy's bootstrap: static listeners and workers, everything that may change in files."""

from collections.abc import Sequence
from typing import Final

from envoy_data_plane.envoy.config.bootstrap.v3 import (
    Admin,
    Bootstrap,
    BootstrapDynamicResources,
    BootstrapStaticResources,
    LayeredRuntime,
    RuntimeLayer,
)
from envoy_data_plane.envoy.config.core.v3 import Address, Node
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher
from envoy_data_plane.google.protobuf import Struct, Value

from gateway.config.schema import Gateway
from gateway.edge.admin import admin_address
from gateway.edge.clusters import standing_cluster, workers_cluster
from gateway.edge.credentials import credential_secret
from gateway.edge.layout import Layout
from gateway.edge.listeners import listener
from gateway.edge.overload import overload_manager
from gateway.edge.packing import file_source, socket
from gateway.edge.routes import route_configuration
from gateway.edge.tls import ListenerSecrets

NODE_ID: Final = "gatehouse"
OWNER_ONLY: Final = 0o600
ADMIN_PATHS: Final = (
    "/ready",
    "/server_info",
    "/stats",
    "/config_dump",
    "/clusters",
    "/memory",
    "/drain_listeners",
)
"""All that Envoy's admin address answers: nothing that changes or stops it, but that it is going
to be stopped."""


def bootstrap(gateway: Gateway, layout: Layout, workers: Sequence[str]) -> Bootstrap:
    """The bootstrap of an Envoy that reads the files of `layout`.

    `workers` are the addresses of the service's workers: `host:port` or `unix:PATH`.
    """
    return _bootstrap(
        gateway,
        BootstrapStaticResources(
            listeners=[
                listener(
                    item,
                    gateway.limits,
                    layout.routes(item.name),
                    ListenerSecrets(layout.certificate(item.name), layout.authority(item.name)),
                )
                for item in gateway.listeners
            ],
            clusters=[workers_cluster(workers, gateway.limits, gateway.service.tls)],
        ),
        BootstrapDynamicResources(cds_config=file_source(layout.clusters)),
    )


def whole_bootstrap(gateway: Gateway, workers: Sequence[str]) -> Bootstrap:
    """The same with the content of every file in it, for an Envoy that nobody writes files for.

    What is added to or taken from listeners, routes and backends needs another bootstrap; Envoy
    follows names and the health of endpoints itself. Pools with a `file`, or of members that come
    and go, want an Envoy that reads our files: see `standing_cluster`.

    `envoy --mode validate` does not open the files of subscriptions, nor ask for names: this is
    also what to validate.
    """
    return _bootstrap(
        gateway,
        BootstrapStaticResources(
            listeners=[
                listener(item, gateway.limits, route_configuration(gateway, item))
                for item in gateway.listeners
            ],
            clusters=[
                workers_cluster(workers, gateway.limits, gateway.service.tls),
                *(standing_cluster(upstream, gateway.limits) for upstream in gateway.upstreams),
            ],
            secrets=[
                credential_secret(upstream, upstream.auth)
                for upstream in gateway.upstreams
                if upstream.auth
            ],
        ),
        None,
    )


def _runtime() -> Struct:
    """Room for the one expression that lists the headers which the service may change."""
    return Struct(fields={"re2.max_program_size.error_level": Value(number_value=1_000)})


def _admin_socket(gateway: Gateway) -> Address:
    """Whoever opens the socket of an admin address can read credentials: its owner alone may."""
    address = socket(admin_address(gateway))
    if address.pipe is not None:
        address.pipe.mode = OWNER_ONLY
    return address


def _bootstrap(
    gateway: Gateway,
    static: BootstrapStaticResources,
    dynamic: BootstrapDynamicResources | None,
) -> Bootstrap:
    return Bootstrap(
        node=Node(id=NODE_ID, cluster=NODE_ID),
        admin=Admin(
            address=_admin_socket(gateway),
            allow_paths=[StringMatcher(prefix=path) for path in ADMIN_PATHS],
            ignore_global_conn_limit=True,
        ),
        static_resources=static,
        dynamic_resources=dynamic,
        overload_manager=overload_manager(gateway.limits),
        layered_runtime=LayeredRuntime(
            layers=[RuntimeLayer(name="gatehouse", static_layer=_runtime())]
        ),
    )
