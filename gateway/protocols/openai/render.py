"""A refusal as clients of OpenAI understand it. Pure: no I/O, no clock.

The form comes from OPENAI_FORMS in gateway/model/refusal.py; the four members of `error` are
required by openai-openapi, `reference` is ours.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.refusal import (
    AUDIT_HEADER,
    OPENAI_FORMS,
    WORTH_REPEATING,
    Answer,
    Reason,
    Refusal,
    retry_after,
)
from gateway.wire.strictjson import dumps

_RETRY_AFTER: Final = "retry-after"

MODEL_ARMOR_STATUS: Final = 400
MODEL_ARMOR_BODY: Final = dumps(
    {"error": {"type": "bad_request_error", "message": "Malicious trial", "param": "", "code": ""}}
)
"""What clients behind Google's load balancers with Model Armor get for content that is blocked."""


def render(refusal: Refusal, audit_id: str, *, as_model_armor: bool = False) -> Answer:
    """The HTTP answer; `audit_id` is in a header and in `error.reference`. With `as_model_armor`
    blocked content gets the answer that clients of Google's Model Armor know."""
    if as_model_armor and refusal.reason is Reason.CONTENT_BLOCKED:
        return Answer(MODEL_ARMOR_STATUS, _headers(refusal, audit_id), MODEL_ARMOR_BODY)
    form = OPENAI_FORMS[refusal.reason]
    error: dict[str, JsonValue] = {
        "message": refusal.message,
        "type": form.type,
        "param": form.param,
        "code": form.code,
        "reference": audit_id,
    }
    return Answer(form.status, _headers(refusal, audit_id), dumps({"error": error}))


def _headers(refusal: Refusal, audit_id: str) -> tuple[tuple[str, str], ...]:
    headers = [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        (AUDIT_HEADER, audit_id),
        *refusal.headers,
    ]
    if refusal.reason not in WORTH_REPEATING:
        headers.append(("x-should-retry", "false"))
    has_wait = any(name.lower() == _RETRY_AFTER for name, _ in refusal.headers)
    if refusal.reason is Reason.LIMITED and not has_wait:
        headers.append((_RETRY_AFTER, retry_after(refusal)))
    return tuple(headers)
