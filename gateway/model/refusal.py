"""Why a request is refused, and what that means in each protocol. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonValue, RequestId


class Reason(Enum):
    """Every way in which a request can end before an upstream sees it."""

    DENIED = "denied"
    CONTENT_BLOCKED = "content_blocked"
    UNAUTHENTICATED = "unauthenticated"
    MISSING_SCOPE = "missing_scope"
    PARSE_ERROR = "parse_error"
    INVALID_REQUEST = "invalid_request"
    INVALID_PARAMS = "invalid_params"
    UNKNOWN_METHOD = "unknown_method"
    HEADER_MISMATCH = "header_mismatch"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_MEDIA = "unsupported_media"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNKNOWN_ROUTE = "unknown_route"
    TOO_LARGE = "too_large"
    LIMITED = "limited"
    SESSION_UNKNOWN = "session_unknown"
    NO_ENDPOINT = "no_endpoint"
    WIRING = "wiring"
    OWN_FAULT = "own_fault"


@dataclass(frozen=True, slots=True)
class JsonRpcForm:
    """How a reason looks over JSON-RPC: error code, HTTP status when the caller's id is known,
    and HTTP status when there is no id to answer (notifications, unparseable bodies)."""

    code: int
    status: int
    status_without_id: int


JSON_RPC_FORMS: Final[Mapping[Reason, JsonRpcForm]] = MappingProxyType(
    {
        Reason.DENIED: JsonRpcForm(-31403, 200, 403),
        Reason.CONTENT_BLOCKED: JsonRpcForm(-31422, 200, 400),
        Reason.UNAUTHENTICATED: JsonRpcForm(-31401, 401, 401),
        Reason.MISSING_SCOPE: JsonRpcForm(-31403, 403, 403),
        Reason.PARSE_ERROR: JsonRpcForm(-32700, 400, 400),
        Reason.INVALID_REQUEST: JsonRpcForm(-32600, 400, 400),
        Reason.INVALID_PARAMS: JsonRpcForm(-32602, 400, 400),
        Reason.UNKNOWN_METHOD: JsonRpcForm(-32601, 404, 404),
        Reason.HEADER_MISMATCH: JsonRpcForm(-32020, 400, 400),
        Reason.UNSUPPORTED_VERSION: JsonRpcForm(-32022, 400, 400),
        Reason.UNSUPPORTED_MEDIA: JsonRpcForm(-32600, 415, 415),
        Reason.METHOD_NOT_ALLOWED: JsonRpcForm(-32600, 405, 405),
        Reason.UNKNOWN_ROUTE: JsonRpcForm(-31404, 404, 404),
        Reason.TOO_LARGE: JsonRpcForm(-31413, 413, 413),
        Reason.LIMITED: JsonRpcForm(-31429, 200, 429),
        Reason.SESSION_UNKNOWN: JsonRpcForm(-31404, 404, 404),
        Reason.NO_ENDPOINT: JsonRpcForm(-31503, 200, 503),
        Reason.WIRING: JsonRpcForm(-31500, 200, 500),
        Reason.OWN_FAULT: JsonRpcForm(-31500, 200, 500),
    }
)
"""The MCP and A2A JSON-RPC column of the refusal table; other protocols add theirs beside it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that ends here.

    `message` is for the caller and never quotes content. `ids` are the request ids to answer, in
    order; a batch has one per request element. `data` joins error.data, `headers` the HTTP answer
    (WWW-Authenticate, Allow, Retry-After). `policy` and `rule` are for operators only.
    `innocent` are those of `ids` that are refused only because their batch is.
    """

    reason: Reason
    message: str
    ids: tuple[RequestId, ...] = ()
    batch: bool = False
    data: JsonMapping = field(default_factory=dict[str, JsonValue])
    headers: tuple[tuple[str, str], ...] = ()
    policy: str = ""
    rule: str = ""
    innocent: tuple[RequestId, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer that the gateway gives itself."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
