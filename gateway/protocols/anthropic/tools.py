"""The tools that the model may use, the MCP servers that the model server is asked to call, and
further models that it is asked to run. Pure: no I/O, no clock."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.protocols.anthropic.members import Members, each_once
from gateway.wire.keyfold import ProtocolKeys

Path = tuple[str | int, ...]

EVERY_TOOL: Final = "*"
"""Stands for the tools of an MCP server that is not limited."""

_CUSTOM: Final = "custom"
"""The type of a tool that names none."""

_FORCED: Final = "tool"

_TOOL: Final = ProtocolKeys(
    ("type", "name", "model", "max_tokens", "mcp_server_name", "default_config", "configs")
)
_CONFIG: Final = ProtocolKeys(("enabled",))
_NO_KEYS: Final = ProtocolKeys(())
_CHOICE: Final = ProtocolKeys(("type", "name"))
_SERVER: Final = ProtocolKeys(("type", "url", "name", "tool_configuration"))
_CONFIGURATION: Final = ProtocolKeys(("enabled", "allowed_tools"))
_CHANGE: Final = ProtocolKeys(("type", "name", "server_name", "definition"))
_FALLBACK: Final = ProtocolKeys(("model", "max_tokens"))


@dataclass(frozen=True, slots=True)
class FurtherModel:
    """A model that runs beside or instead of the one asked for. `path` leads from the body to its
    name; `max_tokens` is None where the request sets no bound for it."""

    name: str
    path: Path
    max_tokens: int | None


class Toolbox:
    """Everything of the body that is a tool or runs one."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.types: list[str] = []
        self.choice: str | None = None
        self.urls: list[str] = []
        self.labels: list[str] = []
        self.models: list[FurtherModel] = []
        self._limits: dict[str, list[str]] = {}  # by MCP server
        self._unlimited: list[str] = []  # MCP servers that nothing limited so far

    def read(self, body: Members) -> None:
        """Read `tools`, `tool_choice`, `mcp_servers` and `fallbacks`. Raises `WrongError`."""
        for index, tool in enumerate(body.objects("tools", _TOOL)):
            self._add(tool, ("tools", index))
        choice = body.members("tool_choice", _CHOICE)
        if choice is not None:
            kind = choice.required_string("type")
            self.choice = choice.required_string("name") if kind == _FORCED else kind
        for server in body.objects("mcp_servers", _SERVER):
            self._add_server(server)
        self._add_fallbacks(body)

    def add_change(self, block: Members, path: Path) -> None:
        """A block of a message that adds a tool: one that it defines, or an MCP server's."""
        change = Members(block.get("tool"), block.place("tool"), _CHANGE)
        definition = change.members("definition", _TOOL)
        if definition is not None:
            self._add(definition, (*path, "tool", "definition"))
        name, server = change.string("name"), change.string("server_name")
        if server is not None:
            self.labels.append(server)
            self._limits.setdefault(server, []).append(EVERY_TOOL if name is None else name)
        elif name is not None:
            self.names.append(name)

    def attributes(self) -> JsonObject:
        """What there is, by the names of attributes.proto."""
        free = [EVERY_TOOL for server in self._unlimited if server not in self._limits]
        found: JsonObject = {
            "tools": each_once(self.names),
            "tool_types": each_once(self.types),
            "mcp_urls": each_once(self.urls),
            "mcp_labels": each_once(self.labels),
            "mcp_tools": each_once(chain(*self._limits.values(), free)),
        }
        if self.choice is not None:
            found["tool_choice"] = self.choice
        return {name: value for name, value in found.items() if value}

    def _add(self, tool: Members, path: Path) -> None:
        kind = tool.string("type") or _CUSTOM
        self.types.append(kind)
        name = tool.required_string("name") if kind == _CUSTOM else tool.string("name")
        if name is not None:
            self.names.append(name)
        if tool.get("model") is not None:
            model = tool.required_model()
            self.models.append(FurtherModel(model, (*path, "model"), tool.count("max_tokens")))
        server = tool.string("mcp_server_name")
        if server is not None:
            self.labels.append(server)
            self._limits.setdefault(server, []).extend(_toolset(tool))

    def _add_server(self, server: Members) -> None:
        """A server without a URL could not be judged, so it is refused."""
        self.urls.append(server.required_string("url"))
        name = server.required_string("name")
        self.labels.append(name)
        configuration = server.members("tool_configuration", _CONFIGURATION)
        if configuration is not None and configuration.boolean("enabled") is False:
            return
        allowed = None if configuration is None else configuration.strings("allowed_tools")
        if allowed is None:
            self._unlimited.append(name)
        else:
            self._limits.setdefault(name, []).extend(allowed)

    def _add_fallbacks(self, body: Members) -> None:
        """Models that answer where the first one declines; "default" leaves them to the server."""
        if isinstance(body.get("fallbacks"), str):
            return
        bound = body.count("max_tokens")
        for index, one in enumerate(body.objects("fallbacks", _FALLBACK)):
            own = one.count("max_tokens")
            model = one.required_model()
            path = ("fallbacks", index, "model")
            self.models.append(FurtherModel(model, path, bound if own is None else own))


def _toolset(tool: Members) -> list[str]:
    """The tools of a server that a toolset leaves enabled."""
    default = tool.members("default_config", _CONFIG)
    if default is None or default.boolean("enabled") is not False:
        return [EVERY_TOOL]
    configs = tool.members("configs", _NO_KEYS)
    if configs is None:
        return []
    enabled = {name: configs.members(name, _CONFIG) for name in configs.value}
    return [
        name for name, one in enabled.items() if one is None or one.boolean("enabled") is not False
    ]
