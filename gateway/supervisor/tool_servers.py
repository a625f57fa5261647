"""Which MCP servers the gateway looks at for their tools, and how they are reached. Pure."""

from collections.abc import Collection, Mapping

from gateway.adapters.mcp_tools import ToolServer
from gateway.config.backend import Backend
from gateway.config.schema import Gateway, Route

MOST_REPLICAS = 16
"""Replicas of a backend that are looked at; of more, the first by address."""


def watched(gateway: Gateway, pinned: Collection[str]) -> tuple[str, ...]:
    """The backends of MCP whose tools are looked at: those that are `pinned`, or all."""
    every = gateway.tools.watch == "all"
    return tuple(name for name in mcp_backends(gateway) if every or name in pinned)


def mcp_backends(gateway: Gateway) -> tuple[str, ...]:
    """The backends that MCP routes lead to, in the order of gateway.yaml."""
    led = {route.backend for route in gateway.routes if route.protocol == "mcp"}
    return tuple(one.name for one in gateway.backends if one.name in led)


def servers(
    gateway: Gateway, name: str, healthy: Mapping[tuple[str, str], bool]
) -> tuple[ToolServer, ...]:
    """The replicas of a backend that take connections, by address. `healthy` is of every server,
    (backend, "ip:port")."""
    backend = next(one for one in gateway.backends if one.name == name)
    addresses = sorted(address for (of, address), up in healthy.items() if of == name and up)
    route = next(one for one in gateway.routes if one.backend == name and one.protocol == "mcp")
    return tuple(_server(backend, route, address) for address in addresses[:MOST_REPLICAS])


def _server(backend: Backend, route: Route, address: str) -> ToolServer:
    """As Envoy reaches it for a request of the route."""
    path = route.upstream_path or backend.path or route.path
    tls, auth = backend.tls, backend.auth
    return ToolServer(
        address=address,
        path=path,
        host=backend.host or "",
        tls=tls is not None,
        server_name=tls.server_name if tls is not None else "",
        ca=tls.ca if tls is not None else None,
        certificate=tls.certificate if tls is not None else None,
        key=tls.key if tls is not None else None,
        header=None if auth is None else (auth.header, auth.value.get_secret_value()),
    )
