"""A refusal as MCP clients understand it. Pure: no I/O, no clock.

The form comes from the JSON-RPC column of the table in gateway/model/refusal.py.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue, RequestId
from gateway.model.refusal import AUDIT_HEADER, JSON_RPC_FORMS, Answer, JsonRpcForm, Reason, Refusal
from gateway.wire.jsonrpc import error_object
from gateway.wire.strictjson import dumps

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
    errors: list[JsonValue] = [
        _error(refusal, form, audit_id, ident) for ident in refusal.ids or (None,)
    ]
    return errors if refusal.batch and refusal.ids else errors[0]


def _error(
    refusal: Refusal, form: JsonRpcForm, audit_id: str, ident: RequestId | None
) -> dict[str, JsonValue]:
    data: dict[str, JsonValue] = {"reason": refusal.reason.value, "reference": audit_id}
    if ident is not None and ident in refusal.innocent:
        data["reason"] = "batch_refused"
        return error_object(form.code, "another message of the batch is refused", data, ident)
    return error_object(form.code, refusal.message, data | dict(refusal.data), ident)
