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
    UNKNOWN_MODEL = "unknown_model"
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
        Reason.UNKNOWN_MODEL: JsonRpcForm(-31404, 404, 404),
        Reason.TOO_LARGE: JsonRpcForm(-31413, 413, 413),
        Reason.LIMITED: JsonRpcForm(-31429, 200, 429),
        Reason.SESSION_UNKNOWN: JsonRpcForm(-31404, 404, 404),
        Reason.NO_ENDPOINT: JsonRpcForm(-31503, 200, 503),
        Reason.WIRING: JsonRpcForm(-31500, 200, 500),
        Reason.OWN_FAULT: JsonRpcForm(-31500, 200, 500),
    }
)
"""The MCP and A2A JSON-RPC column of the refusal table; other protocols have theirs below."""


@dataclass(frozen=True, slots=True)
class RestForm:
    """How a reason looks in A2A's REST and gRPC bindings: HTTP status, and the canonical gRPC code
    by name and number (google.rpc.Code)."""

    status: int
    code: str
    number: int


_REST_CODES: Final = {
    "INVALID_ARGUMENT": 3,
    "NOT_FOUND": 5,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


def _rest(status: int, code: str) -> RestForm:
    return RestForm(status, code, _REST_CODES[code])


REST_FORMS: Final[Mapping[Reason, RestForm]] = MappingProxyType(
    {
        Reason.DENIED: _rest(403, "PERMISSION_DENIED"),
        Reason.CONTENT_BLOCKED: _rest(400, "INVALID_ARGUMENT"),
        Reason.UNAUTHENTICATED: _rest(401, "UNAUTHENTICATED"),
        Reason.MISSING_SCOPE: _rest(403, "PERMISSION_DENIED"),
        Reason.PARSE_ERROR: _rest(400, "INVALID_ARGUMENT"),
        Reason.INVALID_REQUEST: _rest(400, "INVALID_ARGUMENT"),
        Reason.INVALID_PARAMS: _rest(400, "INVALID_ARGUMENT"),
        Reason.UNKNOWN_METHOD: _rest(404, "UNIMPLEMENTED"),
        Reason.HEADER_MISMATCH: _rest(400, "INVALID_ARGUMENT"),
        Reason.UNSUPPORTED_VERSION: _rest(400, "INVALID_ARGUMENT"),
        Reason.UNSUPPORTED_MEDIA: _rest(415, "INVALID_ARGUMENT"),
        Reason.METHOD_NOT_ALLOWED: _rest(405, "UNIMPLEMENTED"),
        Reason.UNKNOWN_ROUTE: _rest(404, "NOT_FOUND"),
        Reason.UNKNOWN_MODEL: _rest(404, "NOT_FOUND"),
        Reason.TOO_LARGE: _rest(413, "RESOURCE_EXHAUSTED"),
        Reason.LIMITED: _rest(429, "RESOURCE_EXHAUSTED"),
        Reason.SESSION_UNKNOWN: _rest(404, "NOT_FOUND"),
        Reason.NO_ENDPOINT: _rest(503, "UNAVAILABLE"),
        Reason.WIRING: _rest(500, "INTERNAL"),
        Reason.OWN_FAULT: _rest(500, "INTERNAL"),
    }
)
"""The column of A2A's REST and gRPC bindings."""

ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
"""The type of the detail that names the reason of an A2A error: A2A 1.0, section 5.4."""

ERROR_DOMAIN: Final = "gatehouse.dev"
"""Its `domain` where the reason is one of ours."""


@dataclass(frozen=True, slots=True)
class ModelForm:
    """How a reason looks to clients of model servers: HTTP status, `error.type`, and OpenAI's
    `error.code` (empty for Anthropic, whose errors have none) and `error.param`, the member of the
    request that is wrong."""

    status: int
    type: str
    code: str = ""
    param: str | None = None


_BAD: Final = "invalid_request_error"

OPENAI_FORMS: Final[Mapping[Reason, ModelForm]] = MappingProxyType(
    {
        Reason.DENIED: ModelForm(403, "permission_error", "policy_denied"),
        Reason.CONTENT_BLOCKED: ModelForm(400, _BAD, "content_policy_violation"),
        Reason.UNAUTHENTICATED: ModelForm(401, "authentication_error", "invalid_api_key"),
        Reason.MISSING_SCOPE: ModelForm(403, "permission_error", "insufficient_scope"),
        Reason.PARSE_ERROR: ModelForm(400, _BAD, "parse_error"),
        Reason.INVALID_REQUEST: ModelForm(400, _BAD, "invalid_request"),
        Reason.INVALID_PARAMS: ModelForm(400, _BAD, "invalid_params"),
        Reason.UNKNOWN_METHOD: ModelForm(404, _BAD, "unknown_url"),
        Reason.HEADER_MISMATCH: ModelForm(400, _BAD, "header_mismatch"),
        Reason.UNSUPPORTED_VERSION: ModelForm(400, _BAD, "unsupported_version"),
        Reason.UNSUPPORTED_MEDIA: ModelForm(415, _BAD, "unsupported_media"),
        Reason.METHOD_NOT_ALLOWED: ModelForm(405, _BAD, "method_not_allowed"),
        Reason.UNKNOWN_ROUTE: ModelForm(404, _BAD, "unknown_url"),
        Reason.UNKNOWN_MODEL: ModelForm(404, _BAD, "model_not_found", "model"),
        Reason.TOO_LARGE: ModelForm(413, _BAD, "request_too_large"),
        Reason.LIMITED: ModelForm(429, "rate_limit_error", "rate_limit_exceeded"),
        Reason.SESSION_UNKNOWN: ModelForm(404, _BAD, "not_found"),
        Reason.NO_ENDPOINT: ModelForm(503, "server_error", "upstream_failed"),
        Reason.WIRING: ModelForm(500, "server_error", "internal_error"),
        Reason.OWN_FAULT: ModelForm(500, "server_error", "internal_error"),
    }
)
"""The column of OpenAI-style APIs."""

ANTHROPIC_FORMS: Final[Mapping[Reason, ModelForm]] = MappingProxyType(
    {
        Reason.DENIED: ModelForm(403, "permission_error"),
        Reason.CONTENT_BLOCKED: ModelForm(400, _BAD),
        Reason.UNAUTHENTICATED: ModelForm(401, "authentication_error"),
        Reason.MISSING_SCOPE: ModelForm(403, "permission_error"),
        Reason.PARSE_ERROR: ModelForm(400, _BAD),
        Reason.INVALID_REQUEST: ModelForm(400, _BAD),
        Reason.INVALID_PARAMS: ModelForm(400, _BAD),
        Reason.UNKNOWN_METHOD: ModelForm(404, "not_found_error"),
        Reason.HEADER_MISMATCH: ModelForm(400, _BAD),
        Reason.UNSUPPORTED_VERSION: ModelForm(400, _BAD),
        Reason.UNSUPPORTED_MEDIA: ModelForm(415, _BAD),
        Reason.METHOD_NOT_ALLOWED: ModelForm(405, _BAD),
        Reason.UNKNOWN_ROUTE: ModelForm(404, "not_found_error"),
        Reason.UNKNOWN_MODEL: ModelForm(404, "not_found_error"),
        Reason.TOO_LARGE: ModelForm(413, "request_too_large"),
        Reason.LIMITED: ModelForm(429, "rate_limit_error"),
        Reason.SESSION_UNKNOWN: ModelForm(404, "not_found_error"),
        Reason.NO_ENDPOINT: ModelForm(529, "overloaded_error"),
        Reason.WIRING: ModelForm(500, "api_error"),
        Reason.OWN_FAULT: ModelForm(500, "api_error"),
    }
)
"""The column of Anthropic's API."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that ends here.

    `message` is for the caller and never quotes content. `ids` are the request ids to answer, in
    order; a batch has one per request element. `data` joins error.data, `headers` the HTTP answer
    (WWW-Authenticate, Allow, Retry-After). `method` is that of the call that policy refused, ""
    where that is not why; `policy` and `rule` are for operators only.
    `innocent` are those of `ids` that are refused only because their batch is. `methods` are those
    of the calls with these ids, where a batch has several; `method` counts for all others.
    """

    reason: Reason
    message: str
    ids: tuple[RequestId, ...] = ()
    batch: bool = False
    data: JsonMapping = field(default_factory=dict[str, JsonValue])
    headers: tuple[tuple[str, str], ...] = ()
    method: str = ""
    policy: str = ""
    rule: str = ""
    innocent: tuple[RequestId, ...] = ()
    methods: Mapping[RequestId, str] = field(default_factory=dict[RequestId, str])


AUDIT_HEADER: Final = "x-gatehouse-audit-id"
"""The header of an answer that names its audit record."""

WORTH_REPEATING: Final = frozenset({Reason.LIMITED, Reason.NO_ENDPOINT, Reason.OWN_FAULT})
"""What may be over soon. Nothing of the others changes without the caller or an operator, and
clients that would retry 409, 429 and every 5xx are told so (`x-should-retry: false`)."""


def retry_after(refusal: Refusal) -> str:
    """The value of Retry-After: whole seconds, at least one, by `data.retryAfterMs`."""
    milliseconds = refusal.data.get("retryAfterMs")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return "1"
    return str(max(1, -(-milliseconds // 1000)))


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer that the gateway gives itself."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
