"""What must hold between routes, listeners, backends and pools."""

from collections.abc import Collection, Iterator
from typing import Final

from gateway.config.addresses import is_normal_path
from gateway.config.document import Document
from gateway.config.schema import Gateway, Route
from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
"""RFC 9728, section 3.1: this, then the route's path, is the address of a route's metadata."""

BODY_SHARE: Final = 4
"""A body may take at most one part in this many of Envoy's heap."""


def _route_names(gateway: Gateway, document: Document) -> Iterator[Problem]:
    upstreams = [upstream.name for upstream in gateway.upstreams]
    listeners = [listener.name for listener in gateway.listeners]
    seen: set[str] = set()
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index)
        if route.name in seen:
            message = f"route {document.quote((*path, 'name'))} already exists"
            yield document.problem((*path, "name"), message, "rename one")
        seen.add(route.name)
        if upstreams:  # otherwise that is the complaint
            yield from reference(document, (*path, "backend"), route.backend, upstreams)
        if route.listener is not None:
            yield from reference(document, (*path, "listener"), route.listener, listeners)


def reference(
    document: Document, path: Path, name: str, known: Collection[str], noun: str = ""
) -> Iterator[Problem]:
    """A problem at `path`, where `name` stands, if it is none of `known`. `noun` is what it should
    name; unset: what the key says."""
    if name in known:
        return
    near = nearest(name, known)
    fix = f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(known))}"
    message = f"there is no {noun or path[-1]} {document.quote(path)}"
    yield document.problem(path, message, fix)


def _route_paths(gateway: Gateway, document: Document) -> Iterator[Problem]:
    taken: dict[tuple[str, str], str] = {}
    for index, route in enumerate(gateway.routes):
        path = ("routes", index, "path")
        if not is_normal_path(route.path):
            yield document.problem(path, odd_path(document, path))
        if route.upstream_path is not None and not is_normal_path(route.upstream_path):
            here = ("routes", index, "upstream_path")
            yield document.problem(here, odd_path(document, here))
        if route.path.startswith(WELL_KNOWN):
            fix = "it is answered by the gateway; choose another path"
            yield document.problem(path, f"{WELL_KNOWN} is reserved", fix)
        for listener in listeners_of(route, gateway):
            same = route.path.rstrip("/") if route.below else route.path
            owner = taken.setdefault((listener, same), route.name)
            if owner != route.name:
                message = f"{document.quote(path)} is already the path of route {owner}"
                yield document.problem(path, message, "change one path, or the listener")


def listeners_of(route: Route, gateway: Gateway) -> tuple[str, ...]:
    """The names of the listeners that a route is on."""
    if route.listener is not None:
        return (route.listener,)
    return tuple(listener.name for listener in gateway.listeners)


def odd_path(document: Document, path: Path) -> str:
    """What is wrong with a path that is not plain."""
    return f"{document.quote(path)} is not a plain path: no escapes, query, //, . or .."


def _route_limits(gateway: Gateway, document: Document) -> Iterator[Problem]:
    most = gateway.limits.heap_bytes // BODY_SHARE
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index)
        if route.body_limit > most:
            message = f"one body could take more than 1/{BODY_SHARE} of limits.heap_bytes"
            fix = f"at most {most}, or raise limits.heap_bytes"
            yield document.problem((*path, "body_limit"), message, fix)
        for field, protocols in _FIELDS_OF.items():
            if field in route.model_fields_set and route.protocol not in protocols:
                message = f"{field} has no effect on a route of protocol {route.protocol}"
                yield document.problem((*path, field), message, "remove it")


def _told_routes(gateway: Gateway, document: Document) -> Iterator[Problem]:
    """Where Envoy cannot be told what its own filter for MCP would say."""
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index, "metadata")
        if route.metadata != "native":
            continue
        if route.protocol != "mcp":
            message = f"native is the form of MCP, and this route speaks {route.protocol}"
            yield document.problem(path, message, "use gatehouse")
        elif route.mode == "check":
            message = "ext_authz, which asks on a route in mode check, has one namespace only"
            yield document.problem(path, message, "use gatehouse, or mode: buffered")


def _checked_routes(gateway: Gateway, document: Document) -> Iterator[Problem]:
    """What a route in mode `check` cannot do; it would be refused at every request."""
    for index, route in enumerate(gateway.routes):
        if route.mode != "check" or route.protocol == "unjudged":
            continue
        path: Path = ("routes", index)
        for field, why in _BEYOND_CHECK.items():
            if field in route.model_fields_set and getattr(route, field) not in _OFF:
                message = f"{field} {why}, which a route in mode check cannot"
                yield document.problem((*path, field), message, "remove it, or use mode: buffered")
        if gateway.record.endpoint == "always":
            message = "record.endpoint: always needs every response, and this route has none"
            yield document.problem((*path, "mode"), message, "use when-known, or mode: buffered")
        message = f"on a route in mode check {_REFUSED_IN_CHECK[route.protocol]} are refused"
        yield document.warning((*path, "mode"), message, "where they are needed: mode: buffered")


_BEYOND_CHECK: Final = {
    "aliases": "change the body",
    "usage": "reads responses",
    "batches": "belong to a revision with sessions, whose responses have to be read",
}
_OFF: Final[tuple[object, ...]] = (False, "off", {})
_REFUSED_IN_CHECK: Final = {
    "mcp": "sessions (clients before 2026-07-28), lists and subscriptions",
    "openai": "lists of models",
    "anthropic": "lists of models",
    "a2a": "agent cards",
}


_JUDGED: Final = frozenset({"mcp", "openai", "anthropic", "a2a"})
_LLM: Final = frozenset({"openai", "anthropic"})
_FIELDS_OF: Final = {
    "mode": _JUDGED,
    "body_limit": _JUDGED,
    "scopes": _JUDGED,
    "allowed_origins": _JUDGED,
    "metadata": _JUDGED,
    "batches": frozenset({"mcp"}),
    "aliases": _LLM,
    "usage": _LLM,
    "blocked_as": frozenset({"openai"}),
}
"""Fields of a route that mean something in these protocols only."""


CHECKS: Final = (
    _route_names,
    _route_paths,
    _route_limits,
    _told_routes,
    _checked_routes,
)
