"""What must hold where the gateway picks for proxies that somebody else configures."""

from collections.abc import Iterator

from gateway.config.addresses import parse_address
from gateway.config.document import Document
from gateway.config.pool import Pool
from gateway.config.route_checks import reference
from gateway.config.schema import Gateway, Route, Service
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

_OURS: tuple[str, ...] = ("auth", "tls", "host", "http2")
"""Of a pool: what only an Envoy with our configuration does."""


def _route(gateway: Gateway, document: Document) -> Iterator[Problem]:
    picks = gateway.service.endpoint_picker
    if picks is None:
        return
    path: Path = ("service", "endpoint_picker")
    routes = {route.name: route for route in gateway.routes}
    yield from reference(document, (*path, "route"), picks.route, routes)
    if picks.listener is not None:
        names = [listener.name for listener in gateway.listeners]
        yield from reference(document, (*path, "listener"), picks.listener, names)
    if picks.route not in routes:
        return
    route = routes[picks.route]
    if listener_of(gateway, route) is None:
        message = "there are several listeners, and each has rules of identity"
        yield document.problem(path, message, "name one: listener")
    pools = [pool for pool in gateway.pools if pool.name in (route.backend, *route.pools)]
    if not pools:
        message = f"route {route.name} leads to no pool, so that there is nothing to pick"
        yield document.problem((*path, "route"), message, "name a route to a pool")
    for pool in pools:
        yield from _pool(pool, route, document, path)


def _pool(pool: Pool, route: Route, document: Document, path: Path) -> Iterator[Problem]:
    """What a pool asks of Envoy and nobody tells the proxy of somebody else."""
    lost = [field for field in _OURS if getattr(pool, field)]
    put = pool.path if route.upstream_path is None else route.upstream_path
    if put is not None and put.rstrip("/") != route.path.rstrip("/"):
        lost.append("path")
    if lost:
        message = f"{', '.join(lost)} of pool {pool.name} is unknown to the proxy"
        yield document.warning((*path, "route"), message, "configure the same there")


def listener_of(gateway: Gateway, route: Route) -> str | None:
    """The name of the listener whose rules of identity count for requests that are picked for;
    None if none is named and there are several."""
    picks = gateway.service.endpoint_picker
    named = (picks.listener if picks is not None else None) or route.listener
    if named is not None:
        return named
    return gateway.listeners[0].name if len(gateway.listeners) == 1 else None


def open_to_anybody(service: Service) -> bool:
    """Whether workers take connections of which nothing shows whose they are: from other machines,
    without a certificate."""
    picks = service.endpoint_picker
    if picks is None or picks.callers != "any" or service.listen == "unix":
        return False
    if service.tls is not None and service.tls.client_ca is not None:
        return False
    address = parse_address(service.listen)
    return address is None or not address.loopback


CHECKS = (_route,)
