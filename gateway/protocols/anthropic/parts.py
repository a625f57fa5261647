"""The prompt of a request as its model reads it, for whoever asks which server knows it already.

Markers for caches are left out, since they move from turn to turn, and so are ids of calls. Nothing
here judges: the body has been read strictly before, what is left of unexpected types is passed
over, and what it misses costs a cache hit. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.model.prompt import Prompt
from gateway.protocols.anthropic.endpoint import MESSAGES
from gateway.wire.transcript import MOST_OUTPUT_TOKENS, Medium, Transcript

_BILLING: Final = "x-anthropic-billing-header"
"""How a text begins by which Claude Code tells who pays, with a hash of the request. vLLM leaves it
out of the prompt; elsewhere no two requests would have anything in common."""

_NOT_READ: Final = ("id", "tool_use_id", "cache_control", "citations")
_MEDIA: Final[Mapping[str, Medium]] = MappingProxyType(
    {"image": "image", "document": "file", "container_upload": "file"}
)
_INLINE_TEXT: Final = frozenset(("text", "content"))
"""Types of sources that hold the text of a document."""

_SOURCES: Final = ("data", "url", "file_id")

_CALLS: Final = frozenset(("tool_use", "server_tool_use", "mcp_tool_use"))
_RESULT: Final = "tool_result"
"""How types of blocks end that are the result of a call."""

_RUN_BY_SERVERS: Final = ("code_execution", "mcp_toolset")
"""How types of tools begin that change something where the model runs, or beyond."""


def prompt_of(method: str, body: JsonMapping, model: str, written: Transcript) -> Prompt:
    """The prompt of a call of `method` for `model`, of which `written` is what the model reads."""
    salt = body.get("cache_salt")
    return Prompt(
        model=model,
        parts=written.parts,
        salt=salt if isinstance(salt, str) else "",
        output_limit=_output_limit(body) if method == MESSAGES else 0,
        media_tokens=written.media_tokens,
        repeatable=method != MESSAGES or _is_repeatable(body),
    )


def written(body: JsonMapping) -> Transcript:
    """What the model reads of `body`: tools, system prompt, messages."""
    out = Transcript()
    tools = _list(body.get("tools"))
    if tools:
        out.section("tools")
    for tool in tools:
        out.value(tool, without=_NOT_READ)
    if body.get("system"):
        out.section("system")
        _content(body.get("system"), out)
    for message in _list(body.get("messages")):
        if isinstance(message, dict):
            role = message.get("role")
            out.section(role if isinstance(role, str) else "")
            _content(message.get("content"), out)
    return out


def _output_limit(body: JsonMapping) -> int | None:
    limit = body.get("max_tokens")
    return min(limit, MOST_OUTPUT_TOKENS) if isinstance(limit, int) else None


def _content(value: JsonValue, out: Transcript) -> None:
    """A text, blocks, or one block."""
    for block in value if isinstance(value, list) else (value,):
        if isinstance(block, dict):
            _block(block, out)
        else:
            _text(block, out)


def _block(block: JsonMapping, out: Transcript) -> None:
    kind = block.get("type")
    if kind == "text":
        _text(block.get("text"), out)
    elif kind in {"thinking", "redacted_thinking"}:
        out.section("thinking")
        out.text(block.get("thinking") or block.get("data"))
    elif kind in _CALLS:
        out.call(block.get("name"), block.get("input"))
    elif isinstance(kind, str) and kind.endswith(_RESULT):
        out.section("tool")
        _content(block.get("content"), out)
    elif isinstance(kind, str) and kind in _MEDIA:
        _medium(_MEDIA[kind], block, out)
    else:
        out.value(dict(block), without=_NOT_READ)


def _medium(medium: Medium, block: JsonMapping, out: Transcript) -> None:
    """An image or a document; one that is text is read as text."""
    source = block.get("source")
    source = source if isinstance(source, dict) else block
    for key in ("title", "context"):
        out.text(block.get(key))
    if source.get("type") in _INLINE_TEXT:
        out.text(source.get("data"))
        _content(source.get("content"), out)
        return
    found = [one for key in _SOURCES if isinstance(one := source.get(key), str)]
    for one in found[:1]:
        is_base64 = source.get("type") == "base64"
        out.media(medium, f"data:{source.get('media_type')},{one}" if is_base64 else one)


def _text(value: JsonValue, out: Transcript) -> None:
    if isinstance(value, str) and value.startswith(_BILLING):
        _, _, value = value.partition("\n")
    out.text(value)


def _is_repeatable(body: JsonMapping) -> bool:
    """Whether a second server that gets the request adds nothing to what the first one did: no
    tool is run, and no container kept, by whoever serves the model."""
    kinds = [str(tool.get("type")) for tool in _list(body.get("tools")) if isinstance(tool, dict)]
    runs = any(kind.startswith(_RUN_BY_SERVERS) for kind in kinds)
    return not (runs or body.get("mcp_servers") or body.get("container"))


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
