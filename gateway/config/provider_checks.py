"""What must hold of `guardrail_providers` and `service.model_armor` in gateway.yaml.

Opens the files that they name, nothing else.
"""

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.config.addresses import parse_address
from gateway.config.backend_checks import is_header_value
from gateway.config.document import Document
from gateway.config.files import unreadable, unusable_ca, unusable_pair
from gateway.config.providers import (
    KINDS,
    GuardrailProvider,
    GuardService,
    ModelArmor,
    ProviderAccess,
)
from gateway.config.schema import Gateway
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

PATH: Final = "guardrail_providers"
_OWN_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIALS: Final = ("auth", "token_file", "metadata_server")
_GOOGLE: Final = "add metadata_server (http://metadata.google.internal), token_file or auth"
_PORTS: Final = {"http": 80, "https": 443}


def _providers(gateway: Gateway, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, provider in enumerate(gateway.guardrail_providers):
        path: Path = (PATH, index)
        if provider.name in seen:
            message = f"provider {document.quote((*path, 'name'))} already exists"
            yield document.problem((*path, "name"), message, "rename one")
        seen.add(provider.name)
        if provider.timeout >= gateway.limits.decision_seconds:
            message = "a judgement ends before the time of this provider does"
            fix = "give it less than limits.decision_seconds"
            yield document.problem((*path, "timeout"), message, fix)
        yield from _kind(provider, document, path)


def _kind(provider: GuardrailProvider, document: Document, path: Path) -> Iterator[Problem]:
    if len(provider.kinds) != 1:
        message = "a provider is of exactly one kind"
        yield document.problem(path, message, f"give one of {', '.join(KINDS)}")
        return
    (kind,) = provider.kinds
    section = getattr(provider, kind)
    here: Path = (*path, kind)
    if isinstance(section, GuardService):
        yield from _service(section, document, here)
    elif isinstance(section, ProviderAccess):
        yield from _access(section, document, here)
        yield from _url(section, document, here)


def _access(access: ProviderAccess, document: Document, path: Path) -> Iterator[Problem]:
    given = [key for key in _CREDENTIALS if getattr(access, key, None) is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} exclude each other"
        yield document.problem((*path, given[-1]), message, "remove all but one")
    if access.auth is not None:
        if access.auth.header in _OWN_HEADERS:
            here = (*path, "auth", "header")
            message = f"a credential cannot be sent as {document.quote(here)}"
            yield document.problem(here, message, "e.g. authorization or x-api-key")
        if not is_header_value(access.auth.value.get_secret_value()):
            here = (*path, "auth", "value")
            yield document.problem(here, "not a header value", "no line breaks, not empty")
    if isinstance(access, ModelArmor) and access.url is None and not _has_credential(access):
        yield document.problem(path, "Google asks for a token", _GOOGLE)
    yield from unreadable(document, (*path, "token_file"), access.token_file)
    yield from unreadable(document, (*path, "ca"), access.ca)
    yield from unusable_ca(document, (*path, "ca"), access.ca)


def _has_credential(access: ProviderAccess) -> bool:
    return any(getattr(access, key, None) is not None for key in _CREDENTIALS)


def _url(access: ProviderAccess, document: Document, path: Path) -> Iterator[Problem]:
    text: str | None = getattr(access, "url", None)
    if text is None:
        return
    url, here = urlsplit(text), (*path, "url")
    authority = url.netloc if ":" in url.netloc.rpartition("]")[2] else f"{url.netloc}:"
    address = parse_address(
        authority + (str(_PORTS[url.scheme]) if authority.endswith(":") else "")
    )
    if address is None:
        yield document.problem(here, f"{document.quote(here)} has no host:port")
    elif url.scheme == "http" and not address.loopback:
        what = "what is judged crosses the network without TLS"
        with_it = ", the credential with it" if _has_credential(access) else ""
        yield document.warning(here, what + with_it, "use https://")


def _service(service: GuardService, document: Document, path: Path) -> Iterator[Problem]:
    here = (*path, "address")
    address = parse_address(service.address)
    if address is None:
        yield document.problem(here, f"{document.quote(here)} is not host:port")
    elif not (service.tls or address.loopback):
        if service.token is not None:
            message = "the token would cross the network without TLS"
            yield document.problem((*path, "token"), message, "remove tls: false")
        message = "what is judged crosses the network without TLS"
        yield document.warning(here, message, "remove tls: false")
    if service.ca is not None and not service.tls:
        yield document.problem((*path, "ca"), "without TLS there is no CA", "remove one")
    if service.token is not None and not is_header_value(service.token.get_secret_value()):
        message = "not a header value"
        yield document.problem((*path, "token"), message, "no line breaks, not empty")
    yield from unreadable(document, (*path, "ca"), service.ca)
    yield from unusable_ca(document, (*path, "ca"), service.ca)


def _model_armor(gateway: Gateway, document: Document) -> Iterator[Problem]:
    server = gateway.service.model_armor
    if server is None:
        return
    path: Path = ("service", "model_armor")
    here = (*path, "address")
    address = parse_address(server.address)
    if address is None:
        yield document.problem(here, f"{document.quote(here)} is not host:port")
    elif server.certificate is None and not address.loopback:
        message = "credentials and texts reach it without TLS"
        yield document.warning(here, message, "add certificate and key")
    if (server.certificate is None) != (server.key is None):
        yield document.problem(path, "certificate and key belong together", "give both or none")
    yield from unreadable(document, (*path, "certificate"), server.certificate)
    yield from unreadable(document, (*path, "key"), server.key)
    yield from unusable_pair(document, path, server.certificate, server.key)
    if not server.accept:
        message = "nobody can be identified here"
        yield document.problem((*path, "accept"), message, "key, jwt, or anonymous")


CHECKS: Final[tuple[Callable[[Gateway, Document], Iterator[Problem]], ...]] = (
    _providers,
    _model_armor,
)
