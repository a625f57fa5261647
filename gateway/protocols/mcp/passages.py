"""The strings of what a client sends that guardrails judge. Pure: no I/O, no clock.

Source: MCP 2025-03-26 to 2026-07-28. Channels are paths ("params/arguments", "result/content/0"),
of which keys that a client made up are no part. In a batch each begins with the number of the
message, and so does each place: the passages of a call are those whose path begins with its number.

| message | stage | part |
|---|---|---|
| tools/call: name, arguments with their keys; `name` is the tool's | TOOL_CALL | TOOL_ARGUMENTS |
| prompts/get: name, arguments | PROMPT_GET | USER |
| resources/read, subscribe, unsubscribe: uri | RESOURCE_READ | TOOL_ARGUMENTS |
| completion/complete: names and values | REQUEST | USER |
| initialize: clientInfo, capabilities | REQUEST | METADATA |
| notifications | NOTIFICATION | NOTIFICATION |
| the answer to sampling: content | REQUEST | ASSISTANT |
| the answer to elicitation: content; to roots/list: roots | REQUEST | USER |
| an error as answer | REQUEST | ERROR |
| inputResponses, whatever they answer | that of the method | USER |
| any other method, `_meta`, members that are not known | that of the method | METADATA |
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
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

STAGES: Final = {
    "tools/call": Stage.TOOL_CALL,
    "prompts/get": Stage.PROMPT_GET,
    "resources/read": Stage.RESOURCE_READ,
    "resources/subscribe": Stage.RESOURCE_READ,
    "resources/unsubscribe": Stage.RESOURCE_READ,
}
"""The stages of requests that are not just requests."""

_NOTIFICATIONS: Final = "notifications/"


def passages_of(value: JsonValue) -> tuple[Passage, ...]:
    """The passages of the message or batch that a client sends."""
    out = Collector(Stage.REQUEST)
    if not isinstance(value, list):
        _sent(out, value, (), Spot(Part.METADATA, ""))
        return tuple(out.found)
    for index, message in enumerate(value):
        _sent(out, message, (index,), Spot(Part.METADATA, str(index)))
    return tuple(out.found)


def _sent(out: Collector, message: JsonValue, path: Path, spot: Spot) -> None:
    if not isinstance(message, dict):
        out.strings(message, path, spot)
        return
    method = message.get("method")
    if not isinstance(method, str):
        out.shaped(message, path, staged(spot, Stage.REQUEST), _ANSWER)
        return
    is_notification = method.startswith(_NOTIFICATIONS)
    stage = Stage.NOTIFICATION if is_notification else STAGES.get(method, Stage.REQUEST)
    params = NOTICE if is_notification else inner(_PARAMS.get(method, _OTHER))
    name = name_in(message.get("params")) if method == "tools/call" else ""
    here_ = Spot(spot.part, spot.channel, name, stage=stage)
    out.shaped(message, path, here_, {**ENVELOPE, "params": params})


def staged(spot: Spot, stage: Stage) -> Spot:
    """The same spot at another stage."""
    return Spot(spot.part, spot.channel, spot.name, spot.item, stage)


def name_in(value: JsonValue) -> str:
    """The name that an object has, "" where it has none."""
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def block(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A block of content at `spot`."""
    out.shaped(value, path, spot, BLOCK)


def content(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """Blocks, or one block."""
    spot = spot.at(path[-1])
    if not isinstance(value, list):
        block(out, value, path, spot)
        return
    for index, one in enumerate(value):
        block(out, one, (*path, index), spot.at(index))


def message_of_prompt(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A message of a prompt or of a request to sample, by its role, in its own channel."""
    role = value.get("role") if isinstance(value, dict) else None
    part = Part.ASSISTANT if role == "assistant" else Part.USER
    out.shaped(value, path, spot.at(path[-1], part), _MESSAGE)


def _one_or_more(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    for index, one in enumerate(value if isinstance(value, list) else ()):
        block(out, one, (*path, index), spot)
    if not isinstance(value, list):
        block(out, value, path, spot)


def _answered(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """What a model said, as blocks, or what a user filled in, under names of the server's."""
    if isinstance(value, list) or (isinstance(value, dict) and value.get("type") in _KINDS):
        content(out, value, path, spot.of(Part.ASSISTANT))
    else:
        out.strings(value, path, spot.at(path[-1], Part.USER))


def resource(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The contents of a resource at `spot`."""
    kind = value.get("mimeType") if isinstance(value, dict) else None
    declared = isinstance(kind, str) and is_text_type(kind)
    out.shaped(value, path, spot.of(Part.RESOURCE), _TEXT_RESOURCE if declared else _RESOURCE)


def _blob(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.blob(value, path, spot)


def _text_blob(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.blob(value, path, spot, declared=True)


_KINDS: Final = ("text", "image", "audio", "resource", "resource_link", "tool_use", "tool_result")

META: Final[Rule] = inner(
    {
        "progressToken": token,
        "io.modelcontextprotocol/protocolVersion": token,
        "io.modelcontextprotocol/clientInfo": text(Part.METADATA),
        "io.modelcontextprotocol/clientCapabilities": text(Part.METADATA),
        "traceparent": token,
        "tracestate": text(Part.METADATA),
        "baggage": text(Part.METADATA),
    },
    Part.METADATA,
)
"""`_meta` of any object."""

ENVELOPE: Final[Shape] = {"jsonrpc": token, "id": token, "method": token, "_meta": META}
_ANNOTATIONS: Final[Rule] = inner(
    {"audience": token, "priority": token, "lastModified": token, "title": here()}
)
ICONS: Final[Rule] = each(merged({"src": medium, "mimeType": token, "sizes": token}))
_RESOURCE: Final[Shape] = {
    "uri": here(),
    "mimeType": token,
    "text": here(),
    "blob": _blob,
    "name": here(),
    "title": here(),
    "_meta": META,
}
_TEXT_RESOURCE: Final[Shape] = {**_RESOURCE, "blob": _text_blob}

BLOCK: Final[Shape] = {
    **dict.fromkeys(("type", "mimeType", "id", "toolUseId", "size", "isError"), token),
    **dict.fromkeys(("text", "uri", "name", "title", "description"), here()),
    "data": _blob,
    "resource": resource,
    "input": text(Part.TOOL_ARGUMENTS),
    "content": content,
    "structuredContent": text(Part.TOOL_RESULT),
    "annotations": _ANNOTATIONS,
    "icons": ICONS,
    "_meta": META,
}
"""A block of content."""

_MESSAGE: Final[Shape] = {"role": token, "content": _one_or_more, "_meta": META}
_INPUT: Final[Shape] = {
    "inputResponses": text(Part.USER),
    "requestState": sealed,
    "task": text(Part.METADATA),
    "cursor": sealed,
    "taskId": token,
    "_meta": META,
}
_OTHER: Final[Shape] = {**_INPUT, "uri": text(), "level": token}
_READ: Final[Shape] = {**_INPUT, "uri": text(Part.TOOL_ARGUMENTS)}
_PARAMS: Final[dict[str, Shape]] = {
    "initialize": {
        "protocolVersion": token,
        "clientInfo": text(Part.METADATA),
        "capabilities": text(Part.METADATA),
        "_meta": META,
    },
    "tools/call": {
        **_INPUT,
        "name": text(Part.TOOL_ARGUMENTS),
        "arguments": text(Part.TOOL_ARGUMENTS),
    },
    "prompts/get": {**_INPUT, "name": text(Part.USER), "arguments": text(Part.USER)},
    "resources/read": _READ,
    "resources/subscribe": _READ,
    "resources/unsubscribe": _READ,
    "completion/complete": {
        **_INPUT,
        "ref": inner({"type": token, "name": here(Part.USER), "uri": here(Part.USER)}),
        "argument": inner({"name": here(Part.USER), "value": here(Part.USER)}),
        "context": inner({"arguments": here(Part.USER)}),
    },
}

ERROR: Final[Rule] = inner({"code": token, "message": here(), "data": here()}, Part.ERROR)
"""The error of a response."""

NOTICE: Final[Rule] = inner(
    {
        **dict.fromkeys(("level", "progressToken", "requestId", "taskId", "status"), token),
        **dict.fromkeys(("createdAt", "lastUpdatedAt", "elicitationId", "ttl"), token),
        **dict.fromkeys(("progress", "total", "pollInterval"), token),
        **dict.fromkeys(("logger", "data", "message", "uri", "reason", "statusMessage"), here()),
        "_meta": META,
    },
    Part.NOTIFICATION,
)
"""The params of a notification, whoever sends it."""

_RESULT: Final[Rule] = inner(
    {
        **dict.fromkeys(("role", "model", "action", "stopReason"), token),
        "content": _answered,
        "roots": text(Part.USER),
        "_meta": META,
    }
)
_ANSWER: Final[Shape] = {
    **ENVELOPE,
    "result": _RESULT,
    "error": ERROR,
}
