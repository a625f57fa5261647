"""A refusal as MCP clients understand it. Pure: no I/O, no clock.

The form comes from the JSON-RPC column of the table in gateway/model/refusal.py. A call of a tool
whose content is blocked gets a result with `isError`, which its model reads and can recover from:
a JSON-RPC error is for the client alone (MCP 2025-11-25, server/tools, error handling).
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.refusal import AUDIT_HEADER, JSON_RPC_FORMS, Answer, JsonRpcForm, Reason, Refusal
from gateway.wire.jsonrpc import error_object
from gateway.wire.strictjson import dumps

REFUSAL_META: Final = "dev.gatehouse/refusal"
"""The key of `_meta` of a result that says why it is none."""

_CALL: Final = "tools/call"
_ALLOW: Final = ("allow", "POST, GET, DELETE")


def render(refusal: Refusal, audit_id: str) -> Answer:
    """The HTTP answer: exact ids, `error.data` with reason and reference, never an id of null.

    With no id to answer (a notification, an unreadable body, GET, DELETE) the status tells it.
    """
    form = JSON_RPC_FORMS[refusal.reason]
    status = form.status if refusal.ids else form.status_without_id
    return Answer(status, _headers(refusal, audit_id), dumps(_body(refusal, form, audit_id)))


def _headers(refusal: Refusal, audit_id: str) -> tuple[tuple[str, str], ...]:
    own = (
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        (AUDIT_HEADER, audit_id),
    )
    names = {name.lower() for name, _ in refusal.headers}
    needs_allow = refusal.reason is Reason.METHOD_NOT_ALLOWED and "allow" not in names
    return (*own, *refusal.headers, *((_ALLOW,) if needs_allow else ()))


def _body(refusal: Refusal, form: JsonRpcForm, audit_id: str) -> JsonValue:
    told: list[JsonValue] = [
        _told(refusal, form, audit_id, ident) for ident in refusal.ids or (None,)
    ]
    return told if refusal.batch and refusal.ids else told[0]


def _told(
    refusal: Refusal, form: JsonRpcForm, audit_id: str, ident: RequestId | None
) -> dict[str, JsonValue]:
    if ident is not None and refusal.reason is Reason.CONTENT_BLOCKED:
        is_call = refusal.methods.get(ident, refusal.method) == _CALL
        if is_call and ident not in refusal.innocent:
            return _result(refusal, audit_id, ident)
    return _error(refusal, form, audit_id, ident)


def _result(refusal: Refusal, audit_id: str, ident: RequestId) -> dict[str, JsonValue]:
    """`resultType` is required since 2026-07-28; older clients pass over it."""
    why: JsonValue = {
        "reason": refusal.reason.value,
        "reference": audit_id,
        **refusal.data,
    }
    result: JsonValue = {
        "content": [{"type": "text", "text": refusal.message}],
        "isError": True,
        "resultType": "complete",
        "_meta": {REFUSAL_META: why},
    }
    return {"jsonrpc": "2.0", "id": ident, "result": result}


def _error(
    refusal: Refusal, form: JsonRpcForm, audit_id: str, ident: RequestId | None
) -> dict[str, JsonValue]:
    data: dict[str, JsonValue] = {"reason": refusal.reason.value, "reference": audit_id}
    if ident is not None and ident in refusal.innocent:
        data["reason"] = "batch_refused"
        return error_object(form.code, "another message of the batch is refused", data, ident)
    return error_object(form.code, refusal.message, data | dict(refusal.data), ident)
