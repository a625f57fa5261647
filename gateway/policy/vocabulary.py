"""Which methods there are and what their messages carry, read from attributes.proto.

Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from google.protobuf.message import Message

from gateway.model.call import Call
from gateway.policy import attributes_pb2

Selector = Literal["tools", "prompts", "resources"]
"""A field of a rule that names what a call is about."""


def _options(field: str) -> frozenset[str]:
    descriptor: Any = attributes_pb2.Mcp.DESCRIPTOR.fields_by_name[field]
    return frozenset(descriptor.GetOptions().Extensions[attributes_pb2.methods])


PROTOCOL: Final = "mcp"
"""The protocol whose calls the rules judge; others are refused."""

METHODS: Final = _options("method")
"""The methods of MCP. Servers may have others; those are allowed by a rule that names them only."""

_GROUPS: Final = {"*": METHODS, "messages": METHODS - {"GET", "DELETE", "response"}}

CARRIERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: _GROUPS.get(min(_options(name)), _options(name))
        for name in attributes_pb2.Mcp.DESCRIPTOR.fields_by_name
    }
)
"""The methods whose messages carry a field of `mcp`."""

_GENERAL: Final = frozenset(
    name for name, methods in CARRIERS.items() if methods >= _GROUPS["messages"]
)


def carries(method: str, field: str) -> bool:
    """Whether messages of a method carry a field of `mcp`; methods that are not MCP's own are
    JSON-RPC requests of which nothing else is known."""
    return method in CARRIERS[field] or (method not in METHODS and field in _GENERAL)


VARIABLES: Final[Mapping[str, type[Message]]] = MappingProxyType(
    {
        "mcp": attributes_pb2.Mcp,
        "principal": attributes_pb2.Principal,
        "request": attributes_pb2.Request,
    }
)
"""The variables of `when` that are messages; beside them there is NOW, a timestamp."""

NOW: Final = "now"

SELECTED: Final[Mapping[Selector, frozenset[str]]] = MappingProxyType(
    {
        "tools": frozenset({"tools/call"}),
        "prompts": frozenset({"prompts/get", "completion/complete"}),
        "resources": frozenset(
            {
                "resources/read",
                "resources/subscribe",
                "resources/unsubscribe",
                "completion/complete",
            }
        ),
    }
)
"""The methods to which each selector applies."""

NAMED: Final = frozenset(method for methods in SELECTED.values() for method in methods)
"""Methods whose calls are about something that a selector can name."""

BASE: Final = frozenset(
    {
        "initialize",
        "server/discover",
        "ping",
        "logging/setLevel",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/tasks/status",
        "response",
        "GET",
        "DELETE",
    }
)
"""What every client must send that uses anything at all. tasks/list is not among them: its items
belong to others and no rule names them."""


def subject(call: Call) -> tuple[Selector, str] | None:
    """What a call of a NAMED method is about; None when it does not say."""
    match call.method:
        case "tools/call":
            return None if call.target is None else ("tools", call.target)
        case "prompts/get":
            return None if call.target is None else ("prompts", call.target)
        case "completion/complete":
            return _reference(call)
        case _:
            return None if call.target is None else ("resources", call.target)


def _reference(call: Call) -> tuple[Selector, str] | None:
    """The prompt or resource template that a completion is for."""
    by_prompt = call.attributes.get("ref_type") == "ref/prompt"
    name = call.attributes.get("ref_name" if by_prompt else "ref_uri")
    if not isinstance(name, str):
        return None
    return ("prompts" if by_prompt else "resources", name)
