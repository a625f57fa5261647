"""The two spans of a request: SERVER for the client's side, CLIENT for the upstream hop.

Pure: no I/O, no clock. What an answer cost is on the CLIENT span alone, so that a sum over all
spans of the gateway counts a token once.
"""

from gateway.telemetry import conventions as names
from gateway.telemetry.asked import Asked, Facts
from gateway.telemetry.spans import a2a, genai, http, mcp
from gateway.telemetry.spans.description import Attributes, Description, address, bounded


def describe(asked: Asked) -> Description:
    """What both spans say of a request: by its protocol's conventions where it is one message, by
    those of HTTP for anything else."""
    message = asked.message
    if message is None:
        return http.describe(asked.head, asked.path)
    first = message.calls[0]
    if message.batch or first.kind not in mcp.MESSAGES:
        described = http.describe(asked.head, asked.path)
        if message.batch:
            described.attributes["gatehouse.batch"] = len(message.calls)
        return described
    match asked.protocol:
        case "mcp":
            return mcp.describe(first, asked.names)
        case "a2a":
            return a2a.describe(first, asked.names, asked.backend)
        case _:
            return genai.describe(first, asked.names, asked.aliases)


def server_outcome(facts: Facts, cut: str) -> Attributes:
    """What the SERVER span says at the end: the decision, and what the client got."""
    decided: Attributes = {
        "gatehouse.audit_id": facts.audit_id,
        "gatehouse.route": bounded(facts.route),
        "gatehouse.backend": facts.backend,
        "gatehouse.decision": facts.decision,
        "gatehouse.policy": facts.policy,
        "gatehouse.rule": facts.rule,
        "gatehouse.reason": facts.reason,
        "gatehouse.snapshot": facts.snapshot,
        names.HTTP_STATUS: facts.status,
    }
    told = {name: value for name, value in decided.items() if value}
    return {**told, **address("client", facts.peer), **_error(facts, cut)}


def client_outcome(facts: Facts, cut: str) -> Attributes:
    """What the CLIENT span says at the end: which replica answered, and what it said."""
    told: Attributes = {names.HTTP_STATUS: facts.status} if facts.status else {}
    told |= address("server", facts.endpoint)
    if facts.protocol not in {"mcp", "a2a"}:
        told |= genai.answered(facts.usage, facts.first_chunk)
    return {**told, **_error(facts, cut)}


def _error(facts: Facts, cut: str) -> Attributes:
    """Our refusal, else why the response was cut off, else an HTTP status that is an error;
    nothing when all went well."""
    if facts.reason:
        known = facts.protocol == "mcp"
        return mcp.refused(facts.reason) if known else {names.ERROR_TYPE: facts.reason}
    kind = cut or (str(facts.status) if facts.status >= 400 else "")
    return {names.ERROR_TYPE: kind} if kind else {}
