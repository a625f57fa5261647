"""What must hold for listeners: addresses, TLS, and proofs of identity that can be given."""

from collections.abc import Iterator
from typing import Final

from gateway.config.addresses import is_ip, parse_address
from gateway.config.document import Document
from gateway.config.files import unreadable, unusable_ca, unusable_pair
from gateway.config.schema import Gateway, Listener, ListenerTls
from gateway.config.yamltree import Path
from gateway.model.problem import Problem


def _names(gateway: Gateway, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, listener in enumerate(gateway.listeners):
        path = ("listeners", index, "name")
        if listener.name in seen:
            message = f"listener {document.quote(path)} already exists"
            yield document.problem(path, message, "rename one")
        seen.add(listener.name)


def _addresses(gateway: Gateway, document: Document) -> Iterator[Problem]:
    taken: list[tuple[str, int, str]] = []
    for field in ("admin", "envoy_admin"):
        address = parse_address(getattr(gateway.service, field))
        if address:
            taken.append((address.host, address.port, f"service.{field}"))
    for index, listener in enumerate(gateway.listeners):
        path: Path = ("listeners", index)
        if not is_ip(listener.address):
            message = f"{document.quote((*path, 'address'))} is not an IP address"
            yield document.problem((*path, "address"), message, "e.g. 127.0.0.1 or 0.0.0.0")
        for host, port, owner in taken:
            if port == listener.port and _overlap(host, listener.address):
                message = f"port {listener.port} is already taken by {owner}"
                yield document.problem((*path, "port"), message, "choose another port")
        taken.append((listener.address, listener.port, f"listener {listener.name}"))


def _overlap(one: str, other: str) -> bool:
    everything = {"0.0.0.0", "::"}  # noqa: S104  compared, not bound
    return one == other or one in everything or other in everything


def _tls(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, listener in enumerate(gateway.listeners):
        if listener.tls:
            yield from tls_files(document, ("listeners", index, "tls"), listener.tls)


def tls_files(document: Document, path: Path, tls: ListenerTls) -> Iterator[Problem]:
    """Problems with the files of a server's TLS section at `path`."""
    yield from unreadable(document, (*path, "certificate"), tls.certificate)
    yield from unreadable(document, (*path, "key"), tls.key)
    yield from unreadable(document, (*path, "client_ca"), tls.client_ca)
    yield from unusable_pair(document, path, tls.certificate, tls.key)
    yield from unusable_ca(document, (*path, "client_ca"), tls.client_ca)


def _identity(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, listener in enumerate(gateway.listeners):
        path: Path = ("listeners", index, "identity")
        lacking = {how: _lacks(how, listener, gateway) for how in listener.identity.accept}
        if all(lacking.values()):
            message = "nobody can be identified on this listener"
            yield document.problem(path, message, f"for {_choices(lacking)}; or accept anonymous")
        elif "accept" in listener.identity.model_fields_set:
            for how, lack in lacking.items():
                if lack:
                    message = f"{how} is accepted, but it cannot be proved"
                    yield document.problem((*path, "accept"), message, lack)
        yield from _hops(listener, document, path)


def _choices(lacking: dict[str, str]) -> str:
    return ", for ".join(f"{how} {lack}" for how, lack in lacking.items()) or "anything: accept it"


def _lacks(how: str, listener: Listener, gateway: Gateway) -> str:
    """What a proof of identity still needs; empty if nothing."""
    mtls = listener.tls is not None and listener.tls.client_ca is not None
    match how:
        case "spiffe" if not mtls:
            return "set tls.client_ca"
        case "xfcc" if not (mtls and listener.identity.xfcc_from):
            return "set tls.client_ca and name the hops in identity.xfcc_from"
        case "jwt" if not gateway.identity.jwt:
            return "add an issuer to identity.jwt"
        case "key" if not gateway.identity.keys:
            return "add a key to identity.keys"
        case "metadata" if not listener.identity.metadata_namespaces:
            return "name the namespaces in identity.metadata_namespaces"
        case _:
            return ""


def _hops(listener: Listener, document: Document, path: Path) -> Iterator[Problem]:
    if listener.identity.xfcc_from and "xfcc" not in listener.identity.accept:
        message = "hops are named, but xfcc is not accepted"
        yield document.problem((*path, "xfcc_from"), message, "add xfcc to accept")
    for index, hop in enumerate(listener.identity.xfcc_from):
        if not hop.startswith("spiffe://"):
            message = f"{document.quote((*path, 'xfcc_from', index))} is not a SPIFFE id"
            yield document.problem((*path, "xfcc_from", index), message)


CHECKS: Final = (_names, _addresses, _tls, _identity)
