"""The one place where refusals and failures become the protocol's own error. No I/O, no clock."""

import json

from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.refusal import AUDIT_HEADER, JSON_RPC_FORMS, Answer, Reason, Refusal
from gateway.model.verdict import Refuse
from gateway.protocols.base import Protocol


class RefusedError(Exception):
    """A stage refused; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class ServedError(Exception):
    """Not a failure: the gateway itself serves this request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("served")
        self.answer = answer


def refusal_of(error: Exception) -> Refusal:
    """The refusal that an exception stands for; what is unknown is our own fault."""
    if isinstance(error, RefusedError):
        return error.refusal
    if isinstance(error, TimeoutError):
        return Refusal(Reason.OWN_FAULT, "the gateway took too long to decide")
    return Refusal(Reason.OWN_FAULT, "the gateway could not decide")


def refuse(
    refusal: Refusal, protocol: Protocol | None, head: RequestHead | None, audit_id: str
) -> Refuse:
    """The answer to send, in the form of the route's protocol where there is one."""
    if protocol is None or head is None:
        answer = render_plain(refusal, audit_id)
    else:
        answer = protocol.render(refusal, audit_id, head)
    return Refuse(answer, f"gatehouse_{refusal.reason.value}")


def render_plain(refusal: Refusal, audit_id: str) -> Answer:
    """A JSON error body for a request that belongs to no protocol."""
    error: JsonObject = {"reason": refusal.reason.value, "message": refusal.message}
    body: JsonObject = {"error": {**error, "reference": audit_id}}
    headers = (
        ("content-type", "application/json"),
        (AUDIT_HEADER, audit_id),
        *refusal.headers,
    )
    status = JSON_RPC_FORMS[refusal.reason].status_without_id
    return Answer(status, headers, json.dumps(body).encode())
