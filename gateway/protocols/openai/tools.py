"""The tools that a request gives to the model. Pure: no I/O, no clock.

Source: openai-openapi 2.3.0. Chat completions nest names in `function` or `custom`, responses
have them flat; a tool of type "mcp" makes the model server call another server.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.protocols.openai.typed import Members, WrongError

_NAMED: Final = frozenset(("function", "custom"))
_LISTED: Final = "mcp_list_tools"
"""The input item whose `tools` are what an MCP server said, not what the model gets."""

_ANY_TOOL: Final = "*"


@dataclass(slots=True)
class Tools:
    """What was found. `mcp_labels` has the id of connector or tunnel where there is no URL: what
    the server is, and not what the client calls it."""

    names: dict[str, None] = field(default_factory=dict[str, None])
    types: dict[str, None] = field(default_factory=dict[str, None])
    mcp_urls: dict[str, None] = field(default_factory=dict[str, None])
    mcp_labels: dict[str, None] = field(default_factory=dict[str, None])
    mcp_tools: dict[str, None] = field(default_factory=dict[str, None])

    def read(self, body: Members) -> None:
        """`tools`, those within tools (namespaces), those that items of input add, and the older
        `functions`."""
        for tool in body.objects("tools"):
            self._tool(tool)
        if not isinstance(body.get("input"), str):
            self._added(body)
        for function in body.objects("functions"):
            self.types["function"] = None
            self.names[function.required("name")] = None

    def _added(self, body: Members) -> None:
        """The tools of items such as additional_tools and tool_search_output."""
        for item in body.objects("input"):
            if item.get("type") != _LISTED:
                for tool in item.objects("tools"):
                    self._tool(tool)

    def _tool(self, tool: Members) -> None:
        kind = tool.required("type")
        self.types[kind] = None
        if kind in _NAMED:
            self.names[_name(tool, kind)] = None
        elif kind == "mcp":
            self._server(tool)
        for inner in tool.objects("tools"):
            self._tool(inner)

    def _server(self, tool: Members) -> None:
        label, url = tool.string("server_label"), tool.string("server_url")
        behind = [tool.string("connector_id"), tool.string("tunnel_id")]
        others = [ident for ident in behind if ident is not None]
        if url is None and not others:
            raise WrongError(f"{tool.place('server_url')} or connector_id is required")
        if url is not None:
            self.mcp_urls[url] = None
            others += [] if label is None else [label]
        self.mcp_labels.update(dict.fromkeys(others))
        for name in _allowed(tool) or (_ANY_TOOL,):
            self.mcp_tools[name] = None


def tool_choice(body: Members) -> str | None:
    """How the choice is bound: a mode, the name of a forced function or custom tool, or the type
    of another one; `function_call` is the older form."""
    key = "tool_choice" if body.get("tool_choice") is not None else "function_call"
    if not isinstance(body.get(key), dict):
        return body.string(key)
    choice = body.object(key)
    if choice is None:
        return None
    if key == "function_call":
        return choice.required("name")
    kind = choice.required("type")
    return _name(choice, kind) if kind in _NAMED else kind


def _name(tool: Members, kind: str) -> str:
    """The name of a function or custom tool: in a member named like its type, or flat. Servers
    would differ on a tool that has both."""
    nested = tool.object(kind)
    if nested is None:
        return tool.required("name")
    if tool.string("name") not in {None, nested.required("name")}:
        raise WrongError(f"{tool.place('name')} and {nested.place('name')} differ")
    return nested.required("name")


def _allowed(tool: Members) -> list[str]:
    """The tools of an MCP server that may be called; empty where nothing limits them. An empty
    list is read as no limit, as some servers do."""
    if isinstance(tool.get("allowed_tools"), dict):
        limits = tool.object("allowed_tools")
        return limits.strings("tool_names") if limits else []
    return tool.strings("allowed_tools")
