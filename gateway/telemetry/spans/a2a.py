"""Spans of A2A operations. Pure: no I/O, no clock.

Source: OpenTelemetry GenAI, model/a2a. The state of a task is in answers, which are not read.
"""

from gateway.model.call import Call
from gateway.telemetry import conventions as names
from gateway.telemetry.asked import Names
from gateway.telemetry.spans.description import Attributes, Description, bounded, texts


def describe(call: Call, known: Names, backend: str) -> Description:
    """The span of one operation, by its name in 1.0 whatever the client speaks. The agent is the
    backend, which is finite by configuration."""
    method = known.method(call.method)
    attributes: Attributes = {names.A2A_METHOD: method, names.AGENT_NAME: backend}
    asked = call.attributes
    for name, value in (
        (names.A2A_VERSION, call.version),
        (names.A2A_TENANT, asked.get("tenant")),
        (names.A2A_MESSAGE_ID, asked.get("message_id")),
        (names.A2A_TASK_ID, asked.get("task_id")),
    ):
        if isinstance(value, str) and value:
            attributes[name] = bounded(value)
    references = texts(asked.get("reference_task_ids"))
    if references:
        attributes[names.A2A_REFERENCES] = references
    if asked.get("binding") == "jsonrpc" and call.id is not None:
        attributes[names.JSONRPC_ID] = bounded(str(call.id))
    return Description(method, attributes)
