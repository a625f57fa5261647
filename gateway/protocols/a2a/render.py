"""A refusal as clients of each binding understand it. Pure: no I/O, no clock.

The forms come from the tables in gateway/model/refusal.py. What A2A has an error of its own for is
told as that error: A2A 1.0, section 5.4, and google.rpc.ErrorInfo with its reasons.
"""

from typing import Final, NamedTuple
from urllib.parse import quote

from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.refusal import (
    AUDIT_HEADER,
    ERROR_DOMAIN,
    ERROR_INFO,
    JSON_RPC_FORMS,
    REST_FORMS,
    Answer,
    Reason,
    Refusal,
    RestForm,
)
from gateway.protocols.a2a.operation import Binding
from gateway.wire.jsonrpc import error_object
from gateway.wire.strictjson import dumps

A2A_DOMAIN: Final = "a2a-protocol.org"
NO_TASK: Final = "there is no such task"

_OWN_ERRORS: Final = {
    Reason.UNSUPPORTED_VERSION: (-32009, "VERSION_NOT_SUPPORTED"),
    Reason.UNSUPPORTED_MEDIA: (-32005, "CONTENT_TYPE_NOT_SUPPORTED"),
    Reason.UNKNOWN_METHOD: (-32601, "METHOD_NOT_FOUND"),
    Reason.INVALID_PARAMS: (-32602, "INVALID_PARAMS"),
    Reason.INVALID_REQUEST: (-32600, "INVALID_REQUEST"),
}
"""JSON-RPC code and ErrorInfo reason of what A2A itself names."""

_TASK_NOT_FOUND: Final = (-32001, "TASK_NOT_FOUND")
_NOT_FOUND: Final = RestForm(404, "NOT_FOUND", 5)


class _Told(NamedTuple):
    """What a client is told, whatever the binding."""

    message: str
    code: int
    reason: str
    domain: str
    rest: RestForm


def render(refusal: Refusal, audit_id: str, binding: Binding, *, hides_task: bool) -> Answer:
    """The HTTP answer. With `hides_task` a denial looks as if there were no such task."""
    told = _told(refusal, hidden=hides_task and refusal.reason is Reason.DENIED)
    match binding:
        case Binding.JSON_RPC:
            return _json_rpc(refusal, told, audit_id)
        case Binding.REST:
            return _rest(refusal, told, audit_id)
        case Binding.GRPC:
            return _grpc(refusal, told, audit_id)


def _told(refusal: Refusal, *, hidden: bool) -> _Told:
    if hidden:
        return _Told(NO_TASK, *_TASK_NOT_FOUND, A2A_DOMAIN, _NOT_FOUND)
    own = _OWN_ERRORS.get(refusal.reason)
    code, reason = own or (JSON_RPC_FORMS[refusal.reason].code, refusal.reason.value.upper())
    domain = A2A_DOMAIN if own else ERROR_DOMAIN
    return _Told(refusal.message, code, reason, domain, REST_FORMS[refusal.reason])


def _json_rpc(refusal: Refusal, told: _Told, audit_id: str) -> Answer:
    form = JSON_RPC_FORMS[refusal.reason]
    ident: RequestId | None = refusal.ids[0] if refusal.ids else None
    body = error_object(told.code, told.message, {}, ident)
    error = body["error"]
    if isinstance(error, dict):
        error["data"] = [_error_info(refusal, told, audit_id)]
    status = form.status if refusal.ids else form.status_without_id
    return Answer(status, _headers(refusal, audit_id, "application/json"), dumps(body))


def _rest(refusal: Refusal, told: _Told, audit_id: str) -> Answer:
    error: JsonValue = {
        "code": told.rest.status,
        "status": told.rest.code,
        "message": told.message,
        "details": [_error_info(refusal, told, audit_id)],
    }
    headers = _headers(refusal, audit_id, "application/json")
    return Answer(told.rest.status, headers, dumps({"error": error}))


def _grpc(refusal: Refusal, told: _Told, audit_id: str) -> Answer:
    """Trailers only: gRPC clients read the status from headers then."""
    message = quote(told.message, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    status = (("grpc-status", str(told.rest.number)), ("grpc-message", message))
    return Answer(200, (*_headers(refusal, audit_id, "application/grpc"), *status), b"")


def _error_info(refusal: Refusal, told: _Told, audit_id: str) -> dict[str, JsonValue]:
    """google.rpc.ErrorInfo, whose metadata is text only."""
    metadata: dict[str, JsonValue] = {
        name: value if isinstance(value, str) else dumps(value).decode("ascii")
        for name, value in refusal.data.items()
    }
    metadata["reference"] = audit_id
    return {
        "@type": ERROR_INFO,
        "reason": told.reason,
        "domain": told.domain,
        "metadata": metadata,
    }


def _headers(refusal: Refusal, audit_id: str, content_type: str) -> tuple[tuple[str, str], ...]:
    return (
        ("content-type", content_type),
        ("cache-control", "no-store"),
        (AUDIT_HEADER, audit_id),
        *refusal.headers,
    )
