"""What the head of an A2A request says of its client. Pure: no I/O, no clock."""

from dataclasses import dataclass, field
from typing import Final

from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import CALLS_03, METHODS_10, V03, V10, Binding, Operation
from gateway.protocols.a2a.paths import operation_of
from gateway.protocols.a2a.query import VERSION, parameters
from gateway.protocols.base import Settings
from gateway.wire.origin import origin_refusal
from gateway.wire.requestbody import METHOD_OVERRIDES
from gateway.wire.urlpath import segments

SERVICES: Final = {"lf.a2a.v1.A2AService": V10, "a2a.v1.A2AService": V03}
"""The gRPC services, each of one version."""

_VERSION_HEADER: Final = "a2a-version"
_EXTENSIONS: Final = ("a2a-extensions", "x-a2a-extensions")

_SINGLE: Final = frozenset(
    (
        "content-type",
        "content-encoding",
        "authorization",
        "origin",
        "grpc-encoding",
        _VERSION_HEADER,
    )
)


@dataclass(frozen=True, slots=True)
class Client:
    """How a client speaks. `operation` is None for JSON-RPC, whose body names it; `query` are the
    parameters of the URL; `drop` are headers that must not reach the agent."""

    binding: Binding
    version: str
    operation: Operation | None = None
    query: dict[str, str] = field(default_factory=dict[str, str])
    extensions: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


def service_of(path: str) -> str | None:
    """The version of the gRPC service that the route's `path` is, None if it is none."""
    return SERVICES.get(path.strip("/"))


def binding_of(head: RequestHead, path: str) -> Binding:
    """The binding that a request to the route at `path` uses, also one that is refused."""
    if service_of(path) is not None:
        return Binding.GRPC
    posted = head.method == "POST" and segments(head.path, path) == ()
    return Binding.JSON_RPC if posted else Binding.REST


def client_of(head: RequestHead, settings: Settings) -> Client | Refusal:
    """Read the head. A Refusal ends the request whatever its body says."""
    if (refusal := _unacceptable(head.headers, settings)) is not None:
        return refusal
    parts = segments(head.path, settings.path)
    if parts is None:
        return Refusal(Reason.INVALID_REQUEST, "the path is not readable")
    try:
        query = parameters(head.path)
    except WrongError as wrong:
        return Refusal(Reason.INVALID_REQUEST, str(wrong))
    version = _version(head.headers, query)
    if isinstance(version, Refusal):
        return version
    binding = binding_of(head, settings.path)
    operation = _operation(head, parts, binding, version, settings)
    if isinstance(operation, Refusal):
        return operation
    drop = head.headers.present(METHOD_OVERRIDES)
    return Client(binding, version, operation, query, _extensions(head.headers), drop)


def _operation(
    head: RequestHead, parts: tuple[str, ...], binding: Binding, version: str, settings: Settings
) -> Operation | Refusal | None:
    if binding is Binding.GRPC:
        return _call(head.method, parts, version, service_of(settings.path) or V10)
    if binding is Binding.JSON_RPC:
        return None
    if not parts:
        allow = (("allow", "POST"),)
        return Refusal(Reason.METHOD_NOT_ALLOWED, "JSON-RPC is POSTed to this URL", headers=allow)
    return operation_of(head.method, parts, version)


def _call(method: str, parts: tuple[str, ...], version: str, service: str) -> Operation | Refusal:
    """The operation of a gRPC call, whose path is /SERVICE/CALL."""
    if method != "POST":
        allow = (("allow", "POST"),)
        return Refusal(Reason.METHOD_NOT_ALLOWED, "gRPC calls are POSTed", headers=allow)
    known = {name: name for name in METHODS_10} if service == V10 else CALLS_03
    name = known.get(parts[0]) if len(parts) == 1 else None
    if name is None:
        return Refusal(Reason.UNKNOWN_METHOD, "the service has no such call")
    if version != service:
        return Refusal(Reason.UNSUPPORTED_VERSION, f"this service is of A2A {service}")
    return Operation(name, version)


def _unacceptable(headers: Headers, settings: Settings) -> Refusal | None:
    """A page that may not call, and repetitions. Of a header that occurs twice and may not, readers
    of the first and of the last line would disagree. Envoy joins some repetitions with a comma;
    their values fail elsewhere.
    """
    foreign = origin_refusal(headers, settings.origins)
    if foreign is not None:
        return foreign
    repeated = next((name for name in headers.repeated() if name in _SINGLE), None)
    if repeated is not None:
        return Refusal(Reason.HEADER_MISMATCH, f"{repeated} occurs more than once")
    return None


def _version(headers: Headers, query: dict[str, str]) -> str | Refusal:
    """The version that header and query name; empty or absent is 0.3 (A2A 1.0, section 3.6.2).

    SDKs compare the major number alone, of values such as "1.7" and "v1.0", too: whoever does not
    write exactly Major.Minor would be read differently by others.
    """
    named = {
        value
        for value in ((headers.get(_VERSION_HEADER) or "").strip(" \t"), query.get(VERSION, ""))
        if value
    }
    if len(named) > 1:
        return Refusal(Reason.HEADER_MISMATCH, "A2A-Version in header and query disagree")
    version = named.pop() if named else V03
    if version not in {V03, V10}:
        return Refusal(Reason.UNSUPPORTED_VERSION, f"A2A-Version must be {V03} or {V10}")
    return version


def _extensions(headers: Headers) -> tuple[str, ...]:
    """The URIs of A2A-Extensions, and of X-A2A-Extensions as 0.3 calls it, each once."""
    lines = [line for name in _EXTENSIONS for line in headers.all(name)]
    found = (uri.strip(" \t") for line in lines for uri in line.split(","))
    return tuple(dict.fromkeys(uri for uri in found if uri))
