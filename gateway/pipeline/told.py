"""What Envoy is told of a judged request, as dynamic metadata. No I/O, no clock.

Filters behind the gateway, local replies, access log and tracer read it: docs/metadata.md. The
audit id is always there, since without it Envoy lets no request go on.
"""

import json
from typing import Final

from gateway.audit.record import Record
from gateway.config.schema import Telling
from gateway.config.wiring import AUDIT_ID, METADATA_NAMESPACE, NATIVE_NAMESPACE, RPC_ID
from gateway.model.call import Deframed
from gateway.model.jsonvalue import JsonObject, RequestId
from gateway.pipeline.disclosure import TRUNCATED, VARIABLES, Bounds, disclosed
from gateway.pipeline.native_mcp import described

RPC_ID_LIMIT: Final = 1024
"""Characters of the caller's id as JSON text; a longer one is left out, and Envoy's own answer to
the request has no id then."""

BATCH: Final = "batch"
"""The method of a batch. Its messages have no attributes here: a filter that reads one object
would judge the first of them, and wave the others through."""


def told(record: Record, message: Deframed | None, telling: Telling = "gatehouse") -> JsonObject:
    """Metadata by namespace. `message` is None where nothing was read."""
    facts: JsonObject = {AUDIT_ID: record.audit_id}
    whole: JsonObject = {METADATA_NAMESPACE: facts}
    if message is not None and not message.batch:
        _add_id(facts, message)
    if telling == "off":
        return whole
    bounds = Bounds()
    _add_decision(facts, record, bounds)
    if message is not None and message.batch:
        facts.update(method=BATCH, batch=len(message.calls))
    elif message is not None:
        _add_call(facts, record, message, bounds)
        if telling == "native" and (native := described(message.calls[0])) is not None:
            whole[NATIVE_NAMESPACE] = native
    if bounds.cut:
        facts[TRUNCATED] = True
    return whole


def _add_id(facts: JsonObject, message: Deframed) -> None:
    """The caller's id as JSON text, where there is exactly one."""
    ids = [call.id for call in message.calls if call.id is not None]
    if len(ids) == 1 and len(text := _json_text(ids[0])) <= RPC_ID_LIMIT:
        facts[RPC_ID] = text


def _json_text(ident: RequestId) -> str:
    return str(ident) if isinstance(ident, int) else json.dumps(ident)


def _add_decision(facts: JsonObject, record: Record, bounds: Bounds) -> None:
    """Who may, by which rule, and where to. Of a batch each message has a rule of its own."""
    facts["decision"] = record.decision
    facts["route"] = record.route
    facts["backend"] = record.backend
    facts["protocol"] = record.protocol
    if record.principal:
        facts["principal"] = bounds.text(record.principal)
        facts["principal_kind"] = record.principal_kind
    if record.policy and not record.batch:
        facts["policy"] = record.policy
        facts["rule"] = record.rule
    if record.shadow:
        shadow = bounds.texts(list(record.shadow))
        facts["shadow"] = shadow or []


def _add_call(facts: JsonObject, record: Record, message: Deframed, bounds: Bounds) -> None:
    call = message.calls[0]
    facts["method"] = call.method
    if record.target:
        facts["target"] = bounds.text(record.target)
    variable = VARIABLES.get(call.protocol)
    if variable is not None:
        facts[variable] = disclosed(call, variable, bounds)
