"""What must hold between routes, listeners and backends."""

from collections.abc import Iterator
from typing import Final

from gateway.config.addresses import is_normal_path, parse_address, parse_https_url
from gateway.config.backend import Backend
from gateway.config.document import Document
from gateway.config.files import system_ca, unreadable, unusable_ca, unusable_pair
from gateway.config.schema import Gateway, Route
from gateway.config.shape import nearest
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
"""RFC 9728, section 3.1: this, then the route's path, is the address of a route's metadata."""

BODY_SHARE: Final = 4
"""A body may take at most one part in this many of Envoy's heap."""

_FORBIDDEN_AUTH: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade"}
)


def _backend_names(gateway: Gateway, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    used = {route.backend for route in gateway.routes}
    for index, backend in enumerate(gateway.backends):
        path = ("backends", index, "name")
        if backend.name in seen:
            message = f"backend {document.quote(path)} already exists"
            yield document.problem(path, message, "rename one")
        if backend.name not in used:
            yield document.warning(path, f"no route leads to backend {document.quote(path)}")
        seen.add(backend.name)


def _backends(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, backend in enumerate(gateway.backends):
        path: Path = ("backends", index)
        yield from _url(backend, document, path)
        yield from _endpoints(backend, document, path)
        if backend.path is not None and not is_normal_path(backend.path):
            yield document.problem((*path, "path"), _odd_path(document, (*path, "path")))
        if backend.auth and _is_reserved(backend.auth.header):
            here = (*path, "auth", "header")
            message = f"a credential cannot be sent as {document.quote(here)}"
            yield document.problem(here, message, "e.g. authorization or x-api-key")
        if backend.auth and not _is_header_value(backend.auth.value.get_secret_value()):
            here = (*path, "auth", "value")
            yield document.problem(here, "not a header value", "no line breaks, not empty")
        yield from _backend_tls(backend, document, path)


def _url(backend: Backend, document: Document, path: Path) -> Iterator[Problem]:
    """`url`, and what cannot stand beside it."""
    if backend.url is None:
        if not backend.endpoints:
            yield document.problem(path, "the backend leads nowhere", "add endpoints, or a url")
        if "private" in backend.model_fields_set:
            message = "private has no effect without url"
            yield document.problem((*path, "private"), message, "remove it")
        return
    here = (*path, "url")
    url = parse_https_url(backend.url)
    if url is None:
        yield document.problem(here, *_not_a_url(backend.url, document.quote(here)))
    elif not is_normal_path(url.path):
        yield document.problem(here, f"the path of {_odd_path(document, here)}")
    for field in _SAID_BY_URL:
        if field in backend.model_fields_set:
            message = f"{field} and url exclude each other"
            yield document.problem((*path, field), message, "remove one of the two")
    if backend.tls and "server_name" in backend.tls.model_fields_set:
        message = "the url says server_name: it is its host"
        yield document.problem((*path, "tls", "server_name"), message, "remove it")


def _not_a_url(url: str, quoted: str) -> tuple[str, str]:
    """What is wrong with it, and the fix."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return f"{quoted} is not https://host[:port]/path", "it begins with https://"
    if "@" in rest.partition("/")[0]:  # not quoted: a password may stand there
        return "a url holds no credentials", "the whole header goes into auth.value"
    if scheme.lower() == "http":
        fix = "use https://; for plain text give endpoints, host and path"
        return f"{quoted} is not encrypted", fix
    if "?" in rest or "#" in rest:
        return f"{quoted} has a query or a fragment", "leave it out: clients send their own"
    fix = "https and a host name; for an address give endpoints, host, path and tls"
    return f"{quoted} is not https://host[:port]/path", fix


_SAID_BY_URL: Final = ("endpoints", "host", "path", "http2")


def _endpoints(backend: Backend, document: Document, path: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, endpoint in enumerate(backend.endpoints):
        here = (*path, "endpoints", index)
        if parse_address(endpoint) is None:
            yield document.problem(here, f"{document.quote(here)} is not host:port")
        elif endpoint in seen:
            yield document.problem(here, f"{document.quote(here)} is listed twice", "remove one")
        seen.add(endpoint)


def _backend_tls(backend: Backend, document: Document, path: Path) -> Iterator[Problem]:
    tls, here = backend.tls, (*path, "tls")
    secured = tls is not None or backend.url is not None
    if secured and (tls is None or tls.ca is None) and system_ca() is None:
        fix = "name one in tls.ca"
        yield document.problem(here if tls else path, "this system has no CA bundle", fix)
    if tls is None:
        loopback = all((a := parse_address(text)) and a.loopback for text in backend.endpoints)
        if backend.auth and not (secured or loopback):
            message = "the credential crosses the network without TLS"
            yield document.warning((*path, "auth"), message, "add tls to the backend")
        return
    if not tls.server_name and backend.url is None:
        yield document.problem(here, 'the key "server_name" is missing', 'add "server_name"')
    if (tls.certificate is None) != (tls.key is None):
        yield document.problem(here, "certificate and key belong together", "give both or none")
    for field in ("ca", "certificate", "key"):
        yield from unreadable(document, (*here, field), getattr(tls, field))
    yield from unusable_pair(document, here, tls.certificate, tls.key)
    yield from unusable_ca(document, (*here, "ca"), tls.ca)


def _is_reserved(header: str) -> bool:
    owned = header.startswith(("x-gateway-", "x-gatehouse-", "x-envoy-", "mcp-"))
    return owned or header in _FORBIDDEN_AUTH


def _is_header_value(text: str) -> bool:
    return bool(text) and all(" " <= char <= "~" for char in text) and text == text.strip()


def _route_names(gateway: Gateway, document: Document) -> Iterator[Problem]:
    backends = [backend.name for backend in gateway.backends]
    listeners = [listener.name for listener in gateway.listeners]
    seen: set[str] = set()
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index)
        if route.name in seen:
            message = f"route {document.quote((*path, 'name'))} already exists"
            yield document.problem((*path, "name"), message, "rename one")
        seen.add(route.name)
        yield from _reference(document, (*path, "backend"), route.backend, backends)
        if route.listener is not None:
            yield from _reference(document, (*path, "listener"), route.listener, listeners)


def _reference(document: Document, path: Path, name: str, known: list[str]) -> Iterator[Problem]:
    if name in known:
        return
    near = nearest(name, known)
    fix = f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(known))}"
    yield document.problem(path, f"there is no {path[-1]} {document.quote(path)}", fix)


def _route_paths(gateway: Gateway, document: Document) -> Iterator[Problem]:
    taken: dict[tuple[str, str], str] = {}
    for index, route in enumerate(gateway.routes):
        path = ("routes", index, "path")
        if not is_normal_path(route.path):
            yield document.problem(path, _odd_path(document, path))
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


def _odd_path(document: Document, path: Path) -> str:
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
}
"""Fields of a route that mean something in these protocols only."""


CHECKS: Final = (
    _backend_names,
    _backends,
    _route_names,
    _route_paths,
    _route_limits,
    _told_routes,
    _checked_routes,
)
