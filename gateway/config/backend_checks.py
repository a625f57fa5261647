"""What must hold for backends, and for pools as far as they are backends."""

from collections.abc import Iterator
from typing import Final

from gateway.config.addresses import is_normal_path, parse_address, parse_https_url
from gateway.config.backend import Backend
from gateway.config.document import Document
from gateway.config.files import system_ca, unreadable, unusable_ca, unusable_pair
from gateway.config.members import addresses_of
from gateway.config.pool import Pool
from gateway.config.route_checks import odd_path
from gateway.config.schema import Gateway
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

_OWNED: Final = ("x-gateway-", "x-gatehouse-", "x-envoy-", "x-llm-d-", "mcp-")
_FORBIDDEN_AUTH: Final = frozenset(
    {"host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade"}
)


def _backend_names(gateway: Gateway, document: Document) -> Iterator[Problem]:
    """Backends and pools have names of one kind: a route's `backend` is either."""
    seen: set[str] = set()
    used = {name for route in gateway.routes for name in (route.backend, *route.pools)}
    for noun, path, backend in _placed(gateway):
        here = (*path, "name")
        if backend.name in seen:
            message = f"a backend or pool {document.quote(here)} already exists"
            yield document.problem(here, message, "rename one")
        if backend.name not in used:
            yield document.warning(here, f"no route leads to {noun} {document.quote(here)}")
        seen.add(backend.name)
    if not seen:
        message = "there is neither a backend nor a pool for routes to lead to"
        yield document.problem(("backends",), message, "add backends, or pools")


def _placed(gateway: Gateway) -> Iterator[tuple[str, Path, Backend]]:
    """What each backend and pool is, where it stands, and itself."""
    for index, backend in enumerate(gateway.backends):
        yield "backend", ("backends", index), backend
    for index, pool in enumerate(gateway.pools):
        yield "pool", ("pools", index), pool


def _backends(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for _, path, backend in _placed(gateway):
        if not isinstance(backend, Pool):
            yield from _url(backend, document, path)
        yield from _endpoints(backend, document, path)
        if backend.path is not None and not is_normal_path(backend.path):
            yield document.problem((*path, "path"), odd_path(document, (*path, "path")))
        if backend.auth and _is_reserved(backend.auth.header):
            here = (*path, "auth", "header")
            message = f"a credential cannot be sent as {document.quote(here)}"
            yield document.problem(here, message, "e.g. authorization or x-api-key")
        if backend.auth and not is_header_value(backend.auth.value.get_secret_value()):
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
        yield document.problem(here, f"the path of {odd_path(document, here)}")
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
        loopback = all((a := parse_address(text)) and a.loopback for text in addresses_of(backend))
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
    return header.startswith(_OWNED) or header in _FORBIDDEN_AUTH


def is_header_value(text: str) -> bool:
    """Whether it can be sent as the value of a header."""
    return bool(text) and all(" " <= char <= "~" for char in text) and text == text.strip()


CHECKS: Final = (_backend_names, _backends)
