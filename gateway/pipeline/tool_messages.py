"""What the supervisor tells workers of the tools of one MCP server. Pure: no I/O, no clock."""

from collections.abc import Iterable

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.pipeline.tools_seen import SeenTool

TOOLS = "tools"


def tools_message(server: str, tools: Iterable[SeenTool] | None) -> JsonObject:
    """What a server offers; None: it is not looked at any more."""
    if tools is None:
        return {"type": TOOLS, "server": server, "tools": None}
    told: list[JsonValue] = [{"sha256": one.sha256, "definition": one.definition} for one in tools]
    return {"type": TOOLS, "server": server, "tools": told}


def read_tools(message: JsonObject) -> tuple[str, tuple[SeenTool, ...] | None]:
    """The server, and what it offers. Raises ValueError for a message that this version did not
    write."""
    match message:
        case {"server": str(server), "tools": None}:
            return server, None
        case {"server": str(server), "tools": list(tools)}:
            return server, tuple(_tool(one) for one in tools)
        case _:
            raise ValueError("no message about tools")


def _tool(value: JsonValue) -> SeenTool:
    match value:
        case {"sha256": str(sha256), "definition": dict(definition)}:
            name = definition.get("name")
            return SeenTool(name if isinstance(name, str) else "", sha256, definition)
        case _:
            raise ValueError("no tool of a message")
