"""A refusal as Anthropic's SDKs understand it. Pure: no I/O, no clock.

The form comes from the Anthropic column of the table in gateway/model/refusal.py. The SDKs repeat
408, 409, 429 and every 5xx twice unless `x-should-retry` says otherwise, and wait as long as
`retry-after` says. They show the header `request-id` as the error's request id.
"""

from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import (
    ANTHROPIC_FORMS,
    AUDIT_HEADER,
    WORTH_REPEATING,
    Answer,
    Reason,
    Refusal,
    retry_after,
)
from gateway.wire.strictjson import dumps

_TOLD_WHEN: Final = frozenset({Reason.LIMITED, Reason.NO_ENDPOINT})
"""What says how long to wait."""


def render(refusal: Refusal, audit_id: str) -> Answer:
    """The HTTP answer; `audit_id` is the request id of the error."""
    form = ANTHROPIC_FORMS[refusal.reason]
    error: JsonObject = {"type": form.type, "message": refusal.message}
    body: JsonObject = {"type": "error", "error": error, "request_id": audit_id}
    return Answer(form.status, _headers(refusal, audit_id), dumps(body))


def _headers(refusal: Refusal, audit_id: str) -> tuple[tuple[str, str], ...]:
    headers = [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        (AUDIT_HEADER, audit_id),
        ("request-id", audit_id),
        *refusal.headers,
    ]
    if refusal.reason not in WORTH_REPEATING:
        headers.append(("x-should-retry", "false"))
    has_wait = any(name.lower() == "retry-after" for name, _ in refusal.headers)
    if refusal.reason in _TOLD_WHEN and not has_wait:
        headers.append(("retry-after", retry_after(refusal)))
    return tuple(headers)
