"""What the system prompt and the messages hold, walked block by block. Pure: no I/O, no clock.

Blocks lie within blocks: a tool result holds images, a document's source holds texts, a compaction
holds changes of tools. All of them count. A block of a type that is not known here counts with
every string in it as text and every `url` as one that is fetched: more than there may be, but
never less.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.protocols.anthropic.members import Members, WrongError
from gateway.protocols.anthropic.tools import Toolbox
from gateway.wire.keyfold import ProtocolKeys

_TEXT: Final = "text"
_SYSTEM: Final = "system"
_TOOL_REMOVAL: Final = "tool_removal"

_MESSAGE: Final = ProtocolKeys(("role", "content"))
_BLOCK: Final = ProtocolKeys(
    (
        "type",
        "text",
        "thinking",
        "content",
        "source",
        "title",
        "context",
        "input",
        "stdout",
        "stderr",
        "tool",
        "tool_changes",
    )
)
_SOURCE: Final = ProtocolKeys(("type", "url", "data", "content"))

_TEXTS: Final = ("text", "thinking", "title", "context", "stdout", "stderr")
"""Members of blocks that are text."""

_KNOWN: Final = frozenset(
    {
        _TEXT,
        "image",
        "document",
        "search_result",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "server_tool_use",
        "mcp_tool_use",
        "mcp_tool_result",
        "web_search_tool_result",
        "web_search_result",
        "web_search_tool_result_error",
        "web_fetch_tool_result",
        "web_fetch_result",
        "web_fetch_tool_result_error",
        "code_execution_tool_result",
        "code_execution_result",
        "code_execution_output",
        "bash_code_execution_tool_result",
        "bash_code_execution_result",
        "bash_code_execution_output",
        "container_upload",
        "tool_reference",
        "compaction",
        "tool_addition",
        _TOOL_REMOVAL,
        "fallback",
    }
)
"""Types of blocks of which everything that is text is read by its member."""

_INLINE: Final = "data:"
"""How URLs begin that hold what they name, so that nothing is fetched."""

_OPAQUE_SOURCES: Final = frozenset({"base64", "url", "file"})
"""Types of sources whose `data` is no text."""


class Prompt:
    """The sum of all blocks so far. Tools that messages add go into `tools`."""

    def __init__(self, tools: Toolbox) -> None:
        self.roles: list[str] = []
        self.types: list[str] = []
        self.urls: list[str] = []
        self.text_bytes = 0
        self.messages = 0
        self._tools = tools

    def read(self, body: Members) -> None:
        """Read `system` and `messages` of the body. Raises `WrongError`."""
        system = body.get("system")
        if system is not None:
            self.roles.append(_SYSTEM)
            self._content(system, "system", ("system",))
        if not isinstance(body.get("messages"), list):
            raise WrongError("messages must be a list")
        for index, message in enumerate(body.objects("messages", _MESSAGE)):
            self.roles.append(message.required_string("role"))
            self.messages += 1
            path = ("messages", index, "content")
            self._content(message.get("content"), message.place("content"), path)

    def _content(self, value: JsonValue, place: str, path: tuple[str | int, ...]) -> None:
        """A string, which stands for one text block, a list of blocks, or one block."""
        if isinstance(value, str):
            self.types.append(_TEXT)
            self._text(value)
        elif isinstance(value, list):
            for index, block in enumerate(value):
                self._block(block, f"{place}[{index}]", (*path, index))
        elif isinstance(value, dict):
            self._block(value, place, path)
        elif value is not None:
            raise WrongError(f"{place} must be a string or a list of blocks")

    def _block(self, value: JsonValue, place: str, path: tuple[str | int, ...]) -> None:
        block = Members(value, place, _BLOCK)
        kind = block.required_string("type")
        self.types.append(kind)
        if block.get("tool") is not None and kind != _TOOL_REMOVAL:
            self._tools.add_change(block, path)
        if kind not in _KNOWN:
            self._unknown(value)
        else:
            self._known(block)
        self._content(block.get("content"), block.place("content"), (*path, "content"))
        self._source(block, path)
        for index, change in enumerate(block.items("tool_changes")):
            here = f"{block.place('tool_changes')}[{index}]"
            self._block(change, here, (*path, "tool_changes", index))

    def _known(self, block: Members) -> None:
        for key in _TEXTS:
            self._text(block.string(key) or "")
        self._every_text(block.get("input"))

    def _source(self, block: Members, path: tuple[str | int, ...]) -> None:
        """Where an image or a document comes from; of a search result its name."""
        if isinstance(block.get("source"), str):
            self._text(block.string("source") or "")
            return
        source = block.members("source", _SOURCE)
        if source is None:
            return
        url, data = source.string("url"), source.string("data")
        if url is not None:
            self._link(url)
        if data is not None and source.string("type") not in _OPAQUE_SOURCES:
            self._text(data)
        here = (*path, "source", "content")
        self._content(source.get("content"), source.place("content"), here)

    def _unknown(self, value: JsonValue) -> None:
        self._every_text(value)
        self._every_url(value)

    def _link(self, url: str) -> None:
        if url[: len(_INLINE)].lower() != _INLINE:
            self.urls.append(url)

    def _text(self, text: str) -> None:
        self.text_bytes += len(text) if text.isascii() else len(text.encode("utf-8"))

    def _every_text(self, value: JsonValue) -> None:
        """Every string below `value`, keys of objects included."""
        if isinstance(value, str):
            self._text(value)
        elif isinstance(value, list):
            for one in value:
                self._every_text(one)
        elif isinstance(value, dict):
            for key, one in value.items():
                self._text(key)
                self._every_text(one)

    def _every_url(self, value: JsonValue) -> None:
        for key, one in value.items() if isinstance(value, dict) else ():
            if key == "url" and isinstance(one, str):
                self._link(one)
            self._every_url(one)
        for one in value if isinstance(value, list) else ():
            self._every_url(one)
