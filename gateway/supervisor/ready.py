"""The ready file: what is running where, for tests and scripts."""

import os
from collections.abc import Mapping, Sequence

from gateway.config.members import addresses_of
from gateway.config.schema import Gateway, Listener, Route
from gateway.model.jsonvalue import JsonObject, JsonValue


def ready_document(
    gateway: Gateway,
    *,
    envoy: int | None,
    workers: Sequence[int | None],
    children: Mapping[str, int],
) -> JsonObject:
    """Version 1 of the document; pids of what is not running are null."""
    urls = {listener.name: listener_url(listener) for listener in gateway.listeners}
    routes: list[JsonValue] = [
        {
            "name": route.name,
            "protocol": route.protocol,
            "url": urls[route.listener or gateway.listeners[0].name] + route.path,
            "backend": route.backend,
            **_pools(route, gateway),
            "policy": gateway.policies,
        }
        for route in gateway.routes
    ]
    upstreams: list[JsonValue] = [
        {"name": upstream.name, "address": endpoint, "pid": None}
        for upstream in gateway.upstreams
        for endpoint in addresses_of(upstream)
    ]
    for name, pid in children.items():
        upstreams.append({"name": name, "address": "", "pid": pid})
    return {
        "version": 1,
        "listeners": dict[str, JsonValue](urls),
        "admin": f"http://{gateway.service.admin}",
        "routes": routes,
        "upstreams": upstreams,
        "pids": {"envoy": envoy, "supervisor": os.getpid(), "workers": list(workers)},
    }


def _pools(route: Route, gateway: Gateway) -> JsonObject:
    """All pools that a route leads to, if it leads to pools."""
    if all(route.backend != pool.name for pool in gateway.pools):
        return {}
    return {"pools": [route.backend, *route.pools]}


def listener_url(listener: Listener) -> str:
    """Where clients on this machine reach a listener."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listener.address, listener.address)  # noqa: S104
    scheme = "https" if listener.tls else "http"
    return f"{scheme}://{host}:{listener.port}"
