"""What Envoy is told of a judged request, as dynamic metadata. No I/O, no clock."""

import json

from gateway.audit.record import Record
from gateway.config.wiring import AUDIT_ID, METADATA_NAMESPACE, RPC_ID
from gateway.model.call import Deframed
from gateway.model.jsonvalue import JsonObject


def told(record: Record, message: Deframed | None) -> JsonObject:
    """Metadata by namespace. `message` is None where nothing was read.

    Envoy's own answers need two facts when the upstream fails: the audit id, and the caller's id
    as JSON text where there is exactly one.
    """
    facts: JsonObject = {AUDIT_ID: record.audit_id}
    if message is not None and not message.batch:
        ids = [call.id for call in message.calls if call.id is not None]
        if len(ids) == 1:
            facts[RPC_ID] = str(ids[0]) if isinstance(ids[0], int) else json.dumps(ids[0])
    return {METADATA_NAMESPACE: facts}
