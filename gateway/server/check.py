"""Envoy's ext_authz checks: a CheckRequest to a judgement, and that to the CheckResponse.

One message has all of the request, and its answer is the end of the matter. Field meanings:
envoy/service/auth/v3/external_auth.proto and attribute_context.proto. An empty CheckResponse lets a
request pass, so nothing but a verdict is ever answered; everything else ends as an error of gRPC.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from cryptography import x509
from google.protobuf.message import DecodeError

from gateway.config.wiring import (
    METADATA_KEY,
    METADATA_NAMESPACE,
    ROUTE_KEY,
    Wiring,
    WiringError,
    parse_wiring,
)
from gateway.extproc.budget import Budget
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.verdict import Forward, Gap, Queued, Refuse
from gateway.server import extauthz_pb2 as pb
from gateway.server.codec import UndecodableMessageError, to_object
from gateway.server.patience import within
from gateway.server.structs import struct_bytes

PARTIAL_BODY: Final = "x-envoy-auth-partial-body"
"""Envoy's own line about a body that it has buffered; a client's never gets this far."""

PERMISSION_DENIED: Final = 7
"""google.rpc.Code; any but 0 makes a denial of it."""

OVERWRITE: Final = pb.HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
APPEND: Final = pb.HeaderValueOption.HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD

NOBODY: Final = ("",)
"""URI SANs of a certificate that cannot be read: no identity, but not the absence of one."""


class Judging(Protocol):
    """The part of an exchange that a check has."""

    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued: ...
    def fault(self, error: Exception) -> Refuse: ...
    def finish(self, *, unread: bool) -> None: ...


class Asked(NamedTuple):
    """A request to judge. With a `gap` its body is not in `body`."""

    wiring: Wiring
    head: RequestHead
    body: bytes
    gap: Gap | None


class CheckDriver:
    """Answers one check. `deadline` (seconds) bounds the judgement and is shorter than Envoy's
    patience; `budget` bounds the bodies of all requests together."""

    def __init__(self, exchange: Judging, *, deadline: float, budget: Budget) -> None:
        self._exchange = exchange
        self._deadline = deadline
        self._budget = budget

    async def answer(self, asked: Asked) -> bytes:
        """The verdict as a serialised CheckResponse. Raises for a verdict that is none here."""
        size = len(asked.body)
        taken = self._budget.take(size)
        try:
            return encode(await self._verdict(asked if taken else asked._replace(gap=Gap.CROWDED)))
        finally:
            if taken:
                self._budget.give_back(size)
            self._exchange.finish(unread=False)

    async def _verdict(self, asked: Asked) -> Forward | Refuse:
        """The one rescue: what fails in unknown ways, or takes too long, is refused."""
        try:
            work = self._exchange.judge(asked.head, asked.body, asked.gap)
            verdict = await within(self._deadline, work)
            if isinstance(verdict, Queued):
                raise TypeError("a check cannot wait in a queue")  # noqa: TRY301  the one rescue
        except Exception as error:  # noqa: BLE001  see above
            return self._exchange.fault(error)
        return verdict


# --- from Envoy -------------------------------------------------------------------------------


def decode(raw: bytes) -> Asked:
    """What a CheckRequest asks. Raises `UndecodableMessageError` for bytes that are none or that
    configuration of ours does not bring about, `WiringError` where it is not ours at all."""
    try:
        attributes = pb.CheckRequest.FromString(raw).attributes
    except DecodeError as error:
        raise UndecodableMessageError("not a CheckRequest") from error
    http = attributes.request.http
    if http.headers or http.body:
        raise UndecodableMessageError("headers or body in a form that is not configured")
    pseudo, headers, partial = _split(http.header_map.headers)
    head = RequestHead(
        method=pseudo.get(":method", ""),
        path=pseudo.get(":path", ""),
        authority=pseudo.get(":authority", ""),
        scheme=pseudo.get(":scheme", "http"),
        headers=headers,
        route=attributes.context_extensions.get(ROUTE_KEY, ""),
        peer=_peer(attributes.source),
        metadata={
            namespace: to_object(struct)
            for namespace, struct in attributes.metadata_context.filter_metadata.items()
        },
    )
    wiring = _wiring(attributes.context_extensions.get(METADATA_KEY, ""))
    return Asked(wiring, head, http.raw_body, _gap(partial, http.raw_body, headers))


def _wiring(text: str) -> Wiring:
    wiring = parse_wiring(text)
    if wiring.mode != "check":
        raise WiringError("a check where a stream is configured")
    return wiring


def _split(lines: Iterable[pb.HeaderValue]) -> tuple[dict[str, str], Headers, list[str]]:
    """Pseudo headers, the others, and what Envoy says of the body."""
    pseudo: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    partial: list[str] = []
    for line in lines:
        name = line.key
        # latin-1 keeps every byte distinct; each consumer judges which ones it accepts.
        value = line.raw_value.decode("latin-1") or line.value
        if name[:1] == ":":
            pseudo[name] = value
        elif name == PARTIAL_BODY:
            partial.append(value)
        else:
            others.append((name, value))
    return pseudo, Headers(others), partial


def _gap(partial: list[str], body: bytes, headers: Headers) -> Gap | None:
    """Whether the body is all that the client sent: Envoy says of one that it has buffered that it
    is not partial, and of a request without any nothing."""
    if partial == ["false"]:
        return None
    announced = headers.get("content-length") not in {None, "0"} or "transfer-encoding" in headers
    return Gap.UNSENT if partial or body or announced else None


def _peer(source: pb.Peer) -> Peer:
    address = source.address.socket_address
    host = f"[{address.address}]" if ":" in address.address else address.address
    return Peer(
        address=f"{host}:{address.port_value}" if host else "",
        mtls=bool(source.certificate),
        uri_sans=_uri_sans(source) if source.certificate else (),
    )


def _uri_sans(source: pb.Peer) -> tuple[str, ...]:
    """Every URI SAN of the peer's certificate. `principal` alone would not do: it is the first of
    several, and may just as well be a DNS SAN or a subject that looks like a URI."""
    found = _certified(source.certificate)
    return found if not found or found[0] == source.principal.decode("latin-1") else NOBODY


@lru_cache(maxsize=256)
def _certified(certificate: str) -> tuple[str, ...]:
    """The URI SANs of a URL-encoded PEM certificate that Envoy has verified."""
    try:
        extensions = x509.load_pem_x509_certificate(unquote_to_bytes(certificate)).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return NOBODY
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))


# --- to Envoy ---------------------------------------------------------------------------------


def encode(verdict: Forward | Refuse) -> bytes:
    """A verdict as a serialised CheckResponse. Raises ValueError for one that Envoy cannot carry
    out here: another body, or something to be done about the response."""
    message = pb.CheckResponse()
    if isinstance(verdict, Refuse):
        message.status.code = PERMISSION_DENIED
        denied = message.denied_response
        denied.status.code = verdict.answer.status
        denied.body = verdict.answer.body
        _set(denied.headers.add, verdict.answer.headers)
        return message.SerializeToString()
    if verdict.body is not None or verdict.response_headers or verdict.lasts or verdict.reroutes:
        raise ValueError("a check cannot do more than decide")
    facts = (verdict.metadata or {}).get(METADATA_NAMESPACE)
    if isinstance(facts, dict):
        message.dynamic_metadata.MergeFromString(struct_bytes(facts))
    message.ok_response.headers_to_remove.extend(verdict.mutation.remove)
    _set(message.ok_response.headers.add, verdict.mutation.set)
    return message.SerializeToString()


def _set(add: Callable[[], pb.HeaderValueOption], lines: Iterable[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for name, value in lines:
        option = add()
        option.header.key = name
        option.header.value = value
        option.append_action = APPEND if name in seen else OVERWRITE
        seen.add(name)
