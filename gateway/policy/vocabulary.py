"""Which methods there are and what their messages carry, read from attributes.proto.

Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from google.protobuf.message import Message

from gateway.model.call import Call
from gateway.policy import attributes_pb2

Selector = Literal["tools", "prompts", "resources", "models", "agents"]
"""A field of a rule that names what a call is about."""

SELECTORS: Final[tuple[Selector, ...]] = get_args(Selector)

_CALLS: Final[Mapping[str, type[Message]]] = MappingProxyType(
    {"mcp": attributes_pb2.Mcp, "llm": attributes_pb2.Llm, "a2a": attributes_pb2.A2a}
)
"""The variables of `when` that describe a call."""

VARIABLES: Final[Mapping[str, type[Message]]] = MappingProxyType(
    {**_CALLS, "principal": attributes_pb2.Principal, "request": attributes_pb2.Request}
)
"""The variables of `when` that are messages; beside them there is NOW, a timestamp."""

NOW: Final = "now"


def _options(variable: str, field: str) -> frozenset[str]:
    descriptor: Any = _CALLS[variable].DESCRIPTOR.fields_by_name[field]
    return frozenset(descriptor.GetOptions().Extensions[attributes_pb2.methods])


_ANTHROPIC: Final = frozenset({"messages", "messages/count_tokens"})
_MODELS: Final = frozenset({"models/list", "models/get"})

METHODS_OF: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {variable: _options(variable, "method") for variable in _CALLS}
)
"""By variable the methods that it describes. MCP servers may have others; those are allowed by a
rule that names them only."""

METHODS: Final = frozenset[str]().union(*METHODS_OF.values())
"""The methods of all protocols; no two have one of the same name."""

SPOKEN: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "mcp": METHODS_OF["mcp"],
        "openai": METHODS_OF["llm"] - _ANTHROPIC,
        "anthropic": _ANTHROPIC | _MODELS,
        "a2a": METHODS_OF["a2a"],
    }
)
"""The methods of each protocol, by its name in gateway.yaml."""

_MCP_MESSAGES: Final = METHODS_OF["mcp"] - {"GET", "DELETE", "response"}


def _carriers(variable: str, field: str) -> frozenset[str]:
    options = _options(variable, field)
    if "*" in options:
        return METHODS_OF[variable]
    return _MCP_MESSAGES if variable == "mcp" and options == frozenset(("messages",)) else options


CARRIERS: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        (variable, field): _carriers(variable, field)
        for variable, message in _CALLS.items()
        for field in message.DESCRIPTOR.fields_by_name
    }
)
"""By (variable, field) the methods whose messages carry it."""

_GENERAL: Final = frozenset(
    path for path, methods in CARRIERS.items() if path[0] == "mcp" and methods >= _MCP_MESSAGES
)


def speaks(protocol: str, method: str) -> bool:
    """Whether a protocol has a method. A method of one protocol means nothing in another; one that
    is no protocol's own is a server's extension of MCP."""
    if method in METHODS:
        return method in SPOKEN.get(protocol, ())
    return protocol == "mcp"


def describes_calls(variable: str) -> bool:
    """Whether a variable is about the call, and not about who asks, how and when."""
    return variable in _CALLS


def carries(method: str, variable: str, field: str) -> bool:
    """Whether messages of a method carry a field of a variable that describes calls. Methods that
    are no protocol's own are JSON-RPC requests to an MCP server, of which nothing else is known."""
    path = (variable, field)
    return method in CARRIERS[path] or (method not in METHODS and path in _GENERAL)


_AGENT_CARD: Final = "GetAgentCard"
COMPLETE: Final = "completion/complete"
"""What it completes is an argument of a prompt or of a resource template."""

SELECTED: Final[Mapping[Selector, frozenset[str]]] = MappingProxyType(
    {
        "tools": frozenset({"tools/call"}),
        "prompts": frozenset({"prompts/get", COMPLETE}),
        "resources": frozenset(
            {
                "resources/read",
                "resources/subscribe",
                "resources/unsubscribe",
                COMPLETE,
            }
        ),
        "models": CARRIERS["llm", "model"],
        "agents": METHODS_OF["a2a"] - {_AGENT_CARD},
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
        "models/list",
        _AGENT_CARD,
    }
)
"""What every client must send that uses anything at all. tasks/list is not among them: its items
belong to others and no rule names them."""

_SELECTOR_OF: Final[Mapping[str, Selector]] = MappingProxyType(
    {
        method: selector
        for selector, methods in SELECTED.items()
        for method in methods
        if method != COMPLETE
    }
)


def subject(call: Call) -> tuple[Selector, str] | None:
    """What a call of a NAMED method is about; None when it does not say."""
    if call.method == COMPLETE:
        return _reference(call)
    return None if call.target is None else (_SELECTOR_OF[call.method], call.target)


def _reference(call: Call) -> tuple[Selector, str] | None:
    """The prompt or resource template that a completion is for."""
    by_prompt = call.attributes.get("ref_type") == "ref/prompt"
    name = call.attributes.get("ref_name" if by_prompt else "ref_uri")
    if not isinstance(name, str):
        return None
    return ("prompts" if by_prompt else "resources", name)


def methods_of(protocols: Iterable[str]) -> frozenset[str]:
    """The methods of some protocols, by their names in gateway.yaml."""
    return frozenset[str]().union(*(SPOKEN.get(protocol, ()) for protocol in protocols))
