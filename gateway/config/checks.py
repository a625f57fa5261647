"""What must hold between the parts of gateway.yaml. Opens the files that it names, nothing else.

Every check is a generator of problems over the whole configuration; `check_gateway` runs them all.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from gateway.config import (
    backend_checks,
    listener_checks,
    picker_protocol_checks,
    pool_checks,
    provider_checks,
    route_checks,
    state_checks,
)
from gateway.config.addresses import parse_address
from gateway.config.document import Document
from gateway.config.files import unreadable
from gateway.config.keys import WeakKeyError, session_key
from gateway.config.schema import Gateway, JwtIssuer, Service
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

MAX_FOLDER_BYTES: Final = 80
"""Of a folder with sockets, so that their names fit behind it (Linux takes 107, macOS 103)."""

Check: TypeAlias = Callable[[Gateway, Document], Iterator[Problem]]


def check_gateway(gateway: Gateway, document: Document, *, demo: bool = False) -> Iterator[Problem]:
    """Everything wrong with a well-typed configuration. `demo` excuses missing session keys."""
    checks: tuple[Check, ...] = (
        *backend_checks.CHECKS,
        *pool_checks.CHECKS,
        *route_checks.CHECKS,
        *listener_checks.CHECKS,
        *picker_protocol_checks.CHECKS,
        *provider_checks.CHECKS,
        *state_checks.CHECKS,
        _issuers,
        _api_keys,
        _service,
    )
    found = chain.from_iterable(check(gateway, document) for check in checks)
    return chain(found, _session_keys(gateway, document, demo=demo))


def _session_keys(gateway: Gateway, document: Document, *, demo: bool) -> Iterator[Problem]:
    needed = any(route.protocol == "mcp" for route in gateway.routes)
    if needed and not gateway.sessions.keys and not demo:
        fix = (
            'run "openssl rand -base64 32 > seal.key" and give keys: ["file:seal.key"]; '
            "or only to try it: --demo"
        )
        yield document.problem(("sessions", "keys"), "sessions cannot be sealed without a key", fix)
    seen: set[bytes] = set()
    for index, secret in enumerate(gateway.sessions.keys):
        path: Path = ("sessions", "keys", index)
        try:
            key = session_key(secret.get_secret_value())
        except WeakKeyError as error:
            fix = "make one with: openssl rand -base64 32"
            yield document.problem(path, str(error), fix)
            continue
        if key in seen:
            yield document.problem(path, "this session key is given twice", "leave it out")
        seen.add(key)


def _issuers(gateway: Gateway, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, issuer in enumerate(gateway.identity.jwt):
        path: Path = ("identity", "jwt", index)
        if issuer.issuer in seen:
            message = f"issuer {document.quote((*path, 'issuer'))} already exists"
            yield document.problem((*path, "issuer"), message, "merge the two")
        seen.add(issuer.issuer)
        if (issuer.jwks_file is None) == (issuer.jwks_url is None):
            yield document.problem(path, "exactly one of jwks_file and jwks_url is needed")
        yield from unreadable(document, (*path, "jwks_file"), issuer.jwks_file)
        yield from _key_source(issuer, document, (*path, "jwks_url"))


def _key_source(issuer: JwtIssuer, document: Document, path: Path) -> Iterator[Problem]:
    """The URL of a key set, as far as adapters/jwks would refuse it."""
    url = urlsplit(issuer.jwks_url or "https:")
    host = parse_address(f"{url.hostname or ''}:1")
    if url.username is not None or url.password is not None:
        yield document.problem(path, "the URL of a key set has no credentials", "remove them")
    elif url.scheme == "http" and not (host and host.loopback):
        message = "keys fetched without TLS can be forged on the way"
        yield document.problem(path, message, "use https://")


def _api_keys(gateway: Gateway, document: Document) -> Iterator[Problem]:
    names: set[str] = set()
    hashes: set[str] = set()
    for index, key in enumerate(gateway.identity.keys):
        path: Path = ("identity", "keys", index)
        if key.name in names:
            message = f"key {document.quote((*path, 'name'))} already exists"
            yield document.problem((*path, "name"), message, "rename one")
        if key.sha256 in hashes:
            yield document.problem((*path, "sha256"), "two names for the same key", "remove one")
        names.add(key.name)
        hashes.add(key.sha256)


def _service(gateway: Gateway, document: Document) -> Iterator[Problem]:
    service = gateway.service
    for field, text in (("admin", service.admin), ("envoy_admin", service.envoy_admin)):
        path = ("service", field)
        address = parse_address(text)
        if (field, text) == ("envoy_admin", "unix"):
            yield from _admin_socket(service, document)
        elif address is None:
            yield document.problem(path, f"{document.quote(path)} is not host:port")
        elif field == "envoy_admin" and not (address.loopback and address.literal):
            fix = "use 127.0.0.1"
            yield document.problem(path, "Envoy's admin address has no access control", fix)
        elif not address.loopback:
            yield document.warning(path, "anyone who reaches the admin address can read it")
    yield from _workers(gateway, document)
    if service.tls:
        if service.tls.client_ca is None and not _open_to_all(service):
            message = "mTLS between Envoy and the workers needs the CA of both"
            yield document.problem(("service", "tls"), message, "add client_ca")
        yield from listener_checks.tls_files(document, ("service", "tls"), service.tls)
    endpoint = gateway.telemetry.otlp_endpoint
    if endpoint is not None and parse_address(endpoint) is None:
        path = ("telemetry", "otlp_endpoint")
        yield document.problem(path, f"{document.quote(path)} is not host:port")


def _admin_socket(service: Service, document: Document) -> Iterator[Problem]:
    """Envoy does not start with a path that no socket can have."""
    if len(service.run.encode()) > MAX_FOLDER_BYTES:
        message = f"the run folder's path is longer than the {MAX_FOLDER_BYTES} bytes of a socket's"
        yield document.problem(("service", "run"), message, "choose a shorter one, or a port")


def _workers(gateway: Gateway, document: Document) -> Iterator[Problem]:
    service = gateway.service
    if service.listen == "unix":
        return
    path = ("service", "listen")
    address = parse_address(service.listen)
    if address is None:
        yield document.problem(path, f'{document.quote(path)} is neither "unix" nor host:port')
    elif address.port + service.workers - 1 > 65_535:
        yield document.problem(path, "not enough ports above this one for every worker")
    elif not address.loopback and service.tls is None:
        message = "whoever reaches the workers can pose as Envoy"
        if _open_to_all(service):
            fix = "let a network policy say who does; an Envoy of ours is refused there"
            yield document.warning(path, message, fix)
        else:
            yield document.problem(path, message, "use unix or loopback, or add service.tls")


def _open_to_all(service: Service) -> bool:
    """Whether the operator has said that proxies without a certificate may ask the workers."""
    return service.endpoint_picker is not None and service.endpoint_picker.callers == "any"
