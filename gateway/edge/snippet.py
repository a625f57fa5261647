"""What an Envoy of somebody's own needs for one listener, cut out of the generated bootstrap.

Every part has the name of the place that it goes to. Our filters are named `gatehouse.*`, because
per-route configuration goes by a filter's name and the user's own filters have Envoy's names.
Nothing here holds a secret: credentials stay in the files (SDS) that the gateway writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import betterproto2
from betterproto2 import Casing
from envoy_data_plane.envoy.config.route.v3 import Route as EnvoyRoute
from envoy_data_plane.envoy.extensions.filters.http.rbac.v3 import RbacPerRoute

from gateway.config.schema import Gateway, Listener
from gateway.edge import ext_proc, verdict_guard
from gateway.edge.bootstrap import bootstrap
from gateway.edge.clusters import backend_cluster, workers_cluster
from gateway.edge.layout import Layout
from gateway.edge.packing import packed
from gateway.edge.routes import UNKNOWN, route_configuration

ROUTER: Final = "envoy.filters.http.router"
_STANDARD: Final = "envoy.filters.http."
_OURS: Final = "gatehouse."
_FILTER_CONFIG: Final = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
_OF_THE_USER: Final = ("@type", "stat_prefix", "rds", "route_config", "http_filters")
"""Of a connection manager: what the user's own has already, or what has a place of its own."""


@dataclass(frozen=True, slots=True)
class Part:
    """One place of the user's configuration: what goes there, and why. `notes` are of single keys
    of a mapping, or of entries of a list by their names."""

    value: Any
    where: str
    notes: Mapping[str, str] = field(default_factory=dict[str, str])


def snippet(gateway: Gateway, listener: Listener, workers: Sequence[str]) -> dict[str, Part]:
    """What belongs into an existing Envoy for `listener`, by place, in the order of a bootstrap.

    `workers` are addresses as in `bootstrap`. Endpoints and credentials of backends are read from
    the files that `gatehouse serve` keeps below `service.run`.
    """
    layout = Layout(Path(gateway.service.run))
    whole = _tree(bootstrap(gateway, layout, workers))
    generated = next(
        one for one in whole["static_resources"]["listeners"] if one["name"] == listener.name
    )
    (chain,) = generated["filter_chains"]
    manager: dict[str, Any] = chain["filters"][0]["typed_config"]
    routes = _routes(gateway, listener)
    filters = _filters(manager, routes)
    manager["local_reply_config"] = _only_on(routes, manager["local_reply_config"])
    values: dict[str, Any] = {
        "listener": _listener(generated, chain),
        "http_connection_manager": _manager_fields(manager),
        "http_filters": filters,
        "router": manager["http_filters"][-1]["typed_config"],
        "routes": routes,
        "own_routes": {"typed_per_filter_config": {one["name"]: _off() for one in filters}},
        "clusters": _clusters(gateway, layout, workers),
        "node": whole["node"],
        "layered_runtime": whole["layered_runtime"],
        "overload_manager": whole["overload_manager"],
    }
    return {place: Part(value, PLACES[place], _notes(place)) for place, value in values.items()}


def _tree(message: betterproto2.Message) -> dict[str, Any]:
    """A message as Envoy's YAML is usually written."""
    return message.to_dict(casing=Casing.SNAKE)


def _listener(generated: Mapping[str, Any], chain: Mapping[str, Any]) -> dict[str, Any]:
    buffers = "per_connection_buffer_limit_bytes"
    tls = {"transport_socket": chain["transport_socket"]} if "transport_socket" in chain else {}
    return {buffers: generated[buffers], **tls}


def _manager_fields(manager: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: value for key, value in manager.items() if key not in _OF_THE_USER}
    # A zero value, which is left out of JSON; another one may stand in the user's file.
    fields.setdefault("forward_client_cert_details", "SANITIZE")
    return fields


def _filters(manager: Mapping[str, Any], routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Our filters in order, without those that are off and that no route switches on."""
    used = {name for route in routes for name in route.get("typed_per_filter_config", {})}
    return [
        one | {"name": our_name(one["name"])}
        for one in manager["http_filters"]
        if one["name"] != ROUTER and (not one.get("disabled") or our_name(one["name"]) in used)
    ]


def our_name(name: str) -> str:
    """The name of one of our filters in somebody else's chain."""
    return _OURS + name.removeprefix(_STANDARD) if name.startswith(_STANDARD) else name


def _routes(gateway: Gateway, listener: Listener) -> list[dict[str, Any]]:
    """Our routes without the catch-alls, whose place is the user's. Each says for itself that it
    is judged: what stands above it in the user's file cannot switch that off."""
    (host,) = route_configuration(gateway, listener).virtual_hosts
    buffered = packed(ext_proc.route_override(listener, gateway.limits, "buffered"))
    guarded = packed(RbacPerRoute(rbac=verdict_guard.verdict_guard()))
    routes: list[dict[str, Any]] = []
    for one in host.routes:
        if one.name == UNKNOWN:
            continue
        route = EnvoyRoute().parse(bytes(one))
        route.typed_per_filter_config.setdefault(ext_proc.FILTER, buffered)
        route.typed_per_filter_config.setdefault(verdict_guard.FILTER, guarded)
        route.response_headers_to_remove += host.response_headers_to_remove
        tree = _tree(route)
        per_filter: dict[str, Any] = tree["typed_per_filter_config"]
        tree["typed_per_filter_config"] = {our_name(key): per_filter[key] for key in per_filter}
        routes.append(tree)
    return routes


def _only_on(routes: Sequence[Mapping[str, Any]], replies: Mapping[str, Any]) -> dict[str, Any]:
    """Our forms of Envoy's own answers on our routes alone: others keep theirs."""
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(route["name"] for route in routes))
    ours = {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": f"xds.route_name in [{names}]",
            },
        }
    }
    mappers = [
        mapper | {"filter": {"and_filter": {"filters": [ours, mapper["filter"]]}}}
        for mapper in replies["mappers"]
    ]
    return {**replies, "mappers": mappers}


def _off() -> dict[str, Any]:
    return {"@type": _FILTER_CONFIG, "disabled": True}


def _clusters(gateway: Gateway, layout: Layout, workers: Sequence[str]) -> list[dict[str, Any]]:
    backends = (
        backend_cluster(
            backend,
            gateway.limits,
            layout.endpoints(backend.name),
            layout.credential(backend.name),
        )
        for backend in gateway.upstreams
    )
    return [
        _tree(workers_cluster(workers, gateway.limits, gateway.service.tls)),
        *map(_tree, backends),
    ]


PLACES: Final[Mapping[str, str]] = {
    "listener": (
        "Into the listener, and `transport_socket` into its filter chain, if your own does not "
        "ask for the client certificates that gateway.yaml wants."
    ),
    "http_connection_manager": (
        "Into typed_config of its HttpConnectionManager. These hold for your own routes as well."
    ),
    "http_filters": (
        "Into its http_filters, in this order and in one piece. Before them: whatever "
        "authenticates (jwt_authn, oauth2, api_key_auth, basic_auth), so that the gateway sees "
        "who that was. "
        "Nothing before them may change :authority or the path. After them: filters that use the "
        "decision (RBAC, rate limits, a tracer), none of which may choose the route again. Last: "
        "your router."
    ),
    "router": "Into typed_config of your router filter, which stays the last one.",
    "routes": (
        "Into a virtual host, before any route of your own that matches the same paths. The name "
        "of a route is what the gateway knows it by: do not change it."
    ),
    "own_routes": (
        "Into each route of your own, or a virtual host that has none of ours: it is not judged "
        "then. A route without it is, and is refused, because the gateway does not know it."
    ),
    "clusters": (
        "Into static_resources.clusters. Start `gatehouse serve` first: it writes the files that "
        "are named here, and Envoy does not start without them."
    ),
    "node": "If your bootstrap has none: Envoy wants a name before it reads such files.",
    "layered_runtime": "Its layers after yours; a bootstrap has one list of them.",
    "overload_manager": (
        "If your bootstrap has none. If it has, compare: without a ceiling of the heap, bodies "
        "that wait for a verdict can fill the memory."
    ),
}
"""Every place, what belongs there, and where that is."""

_LISTENER_NOTES: Final = {
    "per_connection_buffer_limit_bytes": "What a slow reader holds; each of our routes has a limit "
    "of its own for a body that is judged.",
    "transport_socket": "Certificates come from files that `gatehouse serve` keeps current.",
}

MANAGER_NOTES: Final = {
    "early_header_mutation_extensions": "Headers that only the gateway may write, taken from "
    "clients before any filter and before a route is chosen. Has yours any? Put this one first.",
    "forward_client_cert_details": "A client cannot speak for another by this header.",
    "common_http_protocol_options": "`a_b` and `a-b` are one header to many servers.",
    "http2_protocol_options": "How much one client can make Envoy hold.",
    "max_request_headers_kb": "The gateway reads every header.",
    "request_headers_timeout": "For the headers alone.",
    "request_timeout": "Slow senders cannot hold buffers for longer. (It does not end a response.)",
    "drain_timeout": "As limits.drain_seconds.",
    "use_remote_address": "The caller's address is the connection's. Behind another proxy set "
    "xff_num_trusted_hops as well.",
    "server_header_transformation": "The backend's own, if it has one.",
    "normalize_path": "What is judged is what the backend gets,",
    "merge_slashes": "not by a second spelling of a path,",
    "path_with_escaped_slashes_action": "nor by a third.",
    "local_reply_config": "Envoy's own refusals in the form of the protocol, on our routes only. "
    "The first match wins: before yours.",
}

FILTER_NOTES: Final = {
    "gatehouse.client_edge": "Endpoints of sessions do not leave Envoy.",
    "gatehouse.set_filter_state": "Every URI SAN of the client, of which two are refused.",
    "gatehouse.ext_proc": "Asks the gateway, and holds the request until it has answered.",
    "gatehouse.ext_authz": "The same on routes in mode `check`. No other ext_authz may follow on "
    "these: both would write where the guard looks.",
    "gatehouse.rbac": "Nothing goes on without a verdict, whatever became of the stream above.",
    "gatehouse.stateful_session": "A request of a session reaches its replica or none.",
    "gatehouse.upstream_edge": "A client's credentials end here. Filters that read them stand "
    "before this one.",
}

_NOTES: Final[Mapping[str, Mapping[str, str]]] = {
    "listener": _LISTENER_NOTES,
    "http_connection_manager": MANAGER_NOTES,
    "http_filters": FILTER_NOTES,
    "router": {"suppress_envoy_headers": "Backends learn nothing of Envoy's retries."},
    "clusters": {
        ext_proc.WORKERS: "The workers: checked twice a second, pinged, retried on another one.",
    },
}


def _notes(place: str) -> Mapping[str, str]:
    return _NOTES.get(place, {})
