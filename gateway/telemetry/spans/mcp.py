"""Spans of MCP messages. Pure: no I/O, no clock.

Source: OpenTelemetry GenAI, docs/gen-ai/mcp.md. Left out on purpose: mcp.session.id, since the id
that a client holds is a sealed token and the upstream's own is the secret in it, and
mcp.resource.uri, which is unbounded and may hold content. network.protocol.version is not known.
"""

from typing import Final, Literal

from gateway.model.call import Call, Kind
from gateway.model.refusal import JSON_RPC_FORMS, Reason
from gateway.telemetry import conventions as names
from gateway.telemetry.asked import Names
from gateway.telemetry.spans.description import Attributes, Description, bounded

MESSAGES: Final = frozenset((Kind.REQUEST, Kind.NOTIFICATION))
"""What has a method; the others are HTTP requests without one."""

_TARGETS: Final[dict[str, tuple[Literal["tools", "prompts"], str]]] = {
    "tools/call": ("tools", names.TOOL_NAME),
    "prompts/get": ("prompts", names.PROMPT_NAME),
}


def describe(call: Call, known: Names) -> Description:
    """The span of one request or notification."""
    attributes: Attributes = {
        names.MCP_METHOD: bounded(call.method),
        names.NETWORK_TRANSPORT: "tcp",
        names.NETWORK_PROTOCOL: "http",
    }
    if call.version:
        attributes[names.MCP_VERSION] = bounded(call.version)
    if call.id is not None:
        attributes[names.JSONRPC_ID] = bounded(str(call.id))
    if call.method == "tools/call":
        attributes[names.OPERATION] = names.EXECUTE_TOOL
    name = known.method(call.method)
    target = _TARGETS.get(call.method)
    if target is not None and call.target is not None:
        selector, label = target
        attributes[label] = bounded(call.target)
        name = f"{name} {known.known(selector, call.target)}"
    return Description(name, attributes)


def refused(reason: str) -> Attributes:
    """What a refusal is in JSON-RPC."""
    code = str(JSON_RPC_FORMS[Reason(reason)].code)
    return {names.ERROR_TYPE: code, names.RPC_STATUS: code}
