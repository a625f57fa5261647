"""The strings of a request that guardrails judge. Pure: no I/O, no clock.

Source: Anthropic's API of 2023-06-01 with its betas, as far as `prompt` and `tools` read it. Stage
is REQUEST. Channels are paths ("system", "messages/3/content/0", "tools/2"), of which keys that a
client made up are no part. Parts go by the role of the message and the type of the block.

No passages are ids, names of models and values of enumerations that cannot be prose
(`jsonstrings.token`), signatures, and the bytes of media; their URLs and file names are, and text
that comes as a document is. Members that are not known are metadata, with their keys.
"""

from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part, Passage, Path, Stage
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Shape,
    Spot,
    each,
    here,
    inner,
    is_text_type,
    medium,
    merged,
    sealed,
    text,
    token,
)
from gateway.wire.schemastrings import schema


def passages_of(body: JsonObject) -> tuple[Passage, ...]:
    """The passages of the body of messages and messages/count_tokens."""
    out = Collector(Stage.REQUEST)
    out.shaped(body, (), Spot(Part.USER, ""), _BODY)
    return tuple(out.found)


def content(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A text, blocks, or one block; each block is a text of its own."""
    spot = spot.at(path[-1])
    if not isinstance(value, list):
        block(out, value, path, spot)
        return
    for index, one in enumerate(value):
        block(out, one, (*path, index), spot.at(index))


def block(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A block at `spot`."""
    if not isinstance(value, dict):
        out.strings(value, path, spot)
        return
    kind, name = value.get("type"), value.get("name")
    out.shaped(
        value,
        path,
        Spot(_part(kind, spot.part), spot.channel, name if isinstance(name, str) else ""),
        BLOCK,
    )


def _part(kind: JsonValue, part: Part) -> Part:
    if not isinstance(kind, str):
        return part
    if kind in {"thinking", "redacted_thinking"}:
        return Part.REASONING
    if kind.endswith("tool_use"):
        return Part.TOOL_ARGUMENTS
    return Part.TOOL_RESULT if kind.endswith("tool_result") else part


def _message(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    role = value.get("role") if isinstance(value, dict) else None
    part = {"assistant": Part.ASSISTANT, "system": Part.SYSTEM}.get(str(role), Part.USER)
    out.shaped(value, path, spot.at(path[-1], part), {"role": token, "content": content})


def _system(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    content(out, value, path, spot.of(Part.SYSTEM))


def _source(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """Where an image or a document comes from, or what a document says."""
    if not isinstance(value, dict):
        out.strings(value, path, spot)
        return
    kind, media_type = value.get("type"), value.get("media_type")
    is_text = isinstance(media_type, str) and is_text_type(media_type)
    data: Rule = here() if kind == "text" else _text_file if is_text else medium
    out.shaped(value, path, spot, {**_SOURCE, "data": data})


def _text_file(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.blob(value, path, spot, declared=True)


def _tool(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    name = value.get("name") if isinstance(value, dict) else None
    here_ = spot.at(path[-1], Part.TOOL_DEFINITION, name if isinstance(name, str) else "")
    out.shaped(value, path, here_, _TOOL)


def _changed_tool(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.shaped(value, path, spot, {**_TOOL, "server_name": token, "definition": _tool})


_CACHE: Final[Rule] = inner({"type": token, "ttl": token, "scope": token})
_SOURCE: Final[Shape] = {
    "type": token,
    "media_type": token,
    "url": medium,
    "file_id": token,
    "content": content,
}
_TEXTS: Final = ("text", "thinking", "title", "context", "stdout", "stderr", "file_name")
_TOKENS: Final = (
    "type id tool_use_id server_name is_error error_code return_code file_id page_age retrieved_at "
    "caller role"
)

BLOCK: Final[Shape] = {
    **dict.fromkeys(_TOKENS.split(), token),
    **dict.fromkeys(_TEXTS, here()),
    "name": text(),
    "input": text(Part.TOOL_ARGUMENTS),
    "content": content,
    "tool_changes": content,
    "source": _source,
    "url": medium,
    "citations": text(Part.METADATA),
    "signature": sealed,
    "data": sealed,
    "encrypted_content": sealed,
    "encrypted_index": sealed,
    "cache_control": _CACHE,
    "tool": _changed_tool,
    "tool_name": text(),
    "tool_references": each(merged({"type": token, "tool_name": here()})),
}
"""A block of content, asked or answered."""

_TOOL: Final[Shape] = {
    **dict.fromkeys(("type", "model", "mcp_server_name", "allowed_callers", "strict"), token),
    "name": here(),
    "description": here(),
    "input_schema": schema,
    "input_examples": here(),
    "cache_control": _CACHE,
    "allowed_domains": here(),
    "blocked_domains": here(),
    "user_location": text(Part.METADATA),
}
_SERVER: Final[Shape] = {
    "type": token,
    "name": token,
    "url": here(),
    "authorization_token": token,
    "tool_configuration": inner({"enabled": token, "allowed_tools": token}),
}
_NUMBERS: Final = "max_tokens stream temperature top_p top_k"
_BODY: Final[Shape] = {
    **dict.fromkeys(_NUMBERS.split(), token),
    **dict.fromkeys(("model", "service_tier", "inference_geo", "speed", "cache_salt"), token),
    "container": token,
    "system": _system,
    "messages": each(_message),
    "tools": each(_tool),
    "tool_choice": inner({"type": token, "name": token, "disable_parallel_tool_use": token}),
    "thinking": inner({"type": token, "budget_tokens": token, "display": token}),
    "metadata": inner({"user_id": here(Part.METADATA)}),
    "mcp_servers": each(merged(_SERVER)),
    "fallbacks": each(merged({"model": token, "max_tokens": token})),
    "stop_sequences": text(Part.METADATA),
    "output_format": merged({"type": token, "schema": schema}, Part.TOOL_DEFINITION),
    "output_config": merged(
        {"effort": token, "format": merged({"type": token, "schema": schema})},
        Part.TOOL_DEFINITION,
    ),
    "cache_control": _CACHE,
}
