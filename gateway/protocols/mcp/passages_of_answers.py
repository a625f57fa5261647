"""The strings of what a server sends that guardrails judge. Pure: no I/O, no clock.

Every message is whole, in a stream too. N counts elements; in a batch every channel begins with
the number of the message ("2/result/content/0").

| message | channel | stage | part |
|---|---|---|---|
| tools/call, tasks/result: content[N] | result/content/N | TOOL_RESULT | TOOL_RESULT |
| the same: content[N].resource.text, blob | result/content/N | TOOL_RESULT | RESOURCE |
| the same: structuredContent, keys too | result/structuredContent | TOOL_RESULT | TOOL_RESULT |
| tools/list: tools[N], `item` N, `name` the tool's | result/tools/N | TOOL_LIST | TOOL_DEFINITION |
| prompts/get: description | result/description | PROMPT_GET | INSTRUCTIONS |
| prompts/get: messages[N] | result/messages/N | PROMPT_GET | by role |
| prompts/list: prompts[N], `item` N | result/prompts/N | RESPONSE | INSTRUCTIONS |
| resources/list: resources[N], `item` N | result/resources/N | RESPONSE | INSTRUCTIONS |
| resources/templates/list, `item` N | result/resourceTemplates/N | RESPONSE | INSTRUCTIONS |
| resources/read: contents[N].text, blob, uri | result/contents/N | RESOURCE_READ | RESOURCE |
| initialize, server/discover | result/instructions, .../serverInfo | RESPONSE | INSTRUCTIONS |
| completion/complete: values | result/completion | RESPONSE | ASSISTANT |
| error of any method | error | that of the method | ERROR |
| sampling/createMessage: messages[N] | params/messages/N | RESPONSE | by role |
| sampling/createMessage: systemPrompt, tools[N] | params/... | RESPONSE | SYSTEM, TOOL_DEFINITION |
| elicitation/create: message, requestedSchema, url | params | RESPONSE | ASSISTANT |
| notifications | params | NOTIFICATION | NOTIFICATION |
| members that are not known, `_meta` | .../other, .../_meta | that of the rest | METADATA |

A result of which the method is not known has all of these channels, by its members.
"""

from collections.abc import Callable
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part, Passage, Path, Stage
from gateway.protocols.mcp.passages import (
    ENVELOPE,
    ERROR,
    ICONS,
    META,
    NOTICE,
    STAGES,
    content,
    message_of_prompt,
    name_in,
    resource,
    staged,
)
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Shape,
    Spot,
    each,
    here,
    inner,
    merged,
    sealed,
    text,
    token,
)
from gateway.wire.schemastrings import schema

_NOTIFICATIONS: Final = "notifications/"
_STAGES: Final = {
    **STAGES,
    "tools/call": Stage.TOOL_RESULT,
    "tasks/result": Stage.TOOL_RESULT,
    "tasks/get": Stage.TOOL_RESULT,
    "tools/list": Stage.TOOL_LIST,
}


def answer_passages(
    value: JsonValue, asked: Callable[[JsonValue], str | None]
) -> tuple[Passage, ...]:
    """The passages of a message of a server, or of a batch of them. `asked` tells the method of
    the request with an id, None if that is not known."""
    out = Collector(Stage.RESPONSE)
    if not isinstance(value, list):
        _sent(out, value, asked, (), "")
        return tuple(out.found)
    for index, message in enumerate(value):
        _sent(out, message, asked, (index,), str(index))
    return tuple(out.found)


def _sent(
    out: Collector,
    message: JsonValue,
    asked: Callable[[JsonValue], str | None],
    path: Path,
    channel: str,
) -> None:
    spot = Spot(Part.METADATA, channel)
    if not isinstance(message, dict):
        out.strings(message, path, spot)
        return
    method = message.get("method")
    if isinstance(method, str):
        _asking(out, message, method, path, spot)
        return
    answered = asked(message.get("id"))
    stage = Stage.RESPONSE if answered is None else _STAGES.get(answered, Stage.RESPONSE)
    shape = _ANY if answered is None else _RESULTS.get(answered, _OTHER)
    members: Shape = {**ENVELOPE, "result": inner(shape), "error": ERROR}
    out.shaped(message, path, staged(spot, stage), members)


def _asking(out: Collector, message: JsonObject, method: str, path: Path, spot: Spot) -> None:
    """A request or a notification of the server."""
    if method.startswith(_NOTIFICATIONS):
        spot = staged(spot, Stage.NOTIFICATION)
        out.shaped(message, path, spot, {**ENVELOPE, "params": NOTICE})
        return
    out.shaped(message, path, spot, {**ENVELOPE, "params": inner(_PARAMS.get(method, {}))})


def _listed(shape: Shape, part: Part, stage: Stage) -> Rule:
    """A list of which single items can be left out."""

    def rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        within = spot.at(path[-1])
        if not isinstance(value, list):
            out.strings(value, path, within)
            return
        for index, one in enumerate(value):
            channel = f"{within.channel}/{index}"
            item = Spot(part, channel, name_in(one), index, stage)
            out.shaped(one, (*path, index), item, shape)

    return rule


def _at_stage(rule: Rule, stage: Stage) -> Rule:
    def staged_rule(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
        rule(out, value, path, staged(spot, stage))

    return staged_rule


def _content(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    content(out, value, path, spot.of(Part.TOOL_RESULT))


def _resource(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    resource(out, value, path, spot.at(path[-1]))


def _requested(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The schema of what a user is to fill in."""
    schema(out, value, path, spot.of(Part.ASSISTANT))


def _tool(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A tool that a server offers to a model that it asks to sample."""
    out.shaped(value, path, spot.at(path[-1], Part.TOOL_DEFINITION, name_in(value)), TOOL)


_TEXTS: Final = dict.fromkeys(("name", "title", "description"), here())
_HINTS: Final = dict.fromkeys(
    ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"), token
)

TOOL: Final[Shape] = {
    **_TEXTS,
    "inputSchema": schema,
    "outputSchema": schema,
    "annotations": merged({**_TEXTS, **_HINTS}),
    "execution": merged({"taskSupport": token}),
    "icons": ICONS,
    "_meta": META,
}
"""The definition of a tool."""

_LISTED: Final[Shape] = {
    **_TEXTS,
    "uri": here(),
    "uriTemplate": here(),
    "mimeType": token,
    "size": token,
    "arguments": each(merged({**_TEXTS, "required": token})),
    "annotations": merged(dict.fromkeys(("audience", "priority", "lastModified"), token)),
    "icons": ICONS,
    "_meta": META,
}
_COMMON: Final[Shape] = {
    **dict.fromkeys(("resultType", "cacheScope", "ttlMs"), token),
    "nextCursor": sealed,
    "_meta": META,
    "requestState": sealed,
    "inputRequests": text(Part.ASSISTANT),
}
_TASK: Final[Shape] = {
    **dict.fromkeys(("taskId", "status", "createdAt", "lastUpdatedAt", "ttl"), token),
    "pollInterval": token,
    "statusMessage": text(Part.TOOL_RESULT),
}
_CALLED: Final[Shape] = {
    **_COMMON,
    **_TASK,
    "content": _at_stage(_content, Stage.TOOL_RESULT),
    "structuredContent": _at_stage(text(Part.TOOL_RESULT), Stage.TOOL_RESULT),
    "isError": token,
    "task": inner(_TASK),
    "result": text(Part.TOOL_RESULT),
    "error": text(Part.ERROR),
}
_TOOLS: Final[Shape] = {
    **_COMMON,
    "tools": _listed(TOOL, Part.TOOL_DEFINITION, Stage.TOOL_LIST),
}
_PROMPT: Final[Shape] = {
    **_COMMON,
    "description": _at_stage(text(Part.INSTRUCTIONS), Stage.PROMPT_GET),
    "messages": _at_stage(each(message_of_prompt), Stage.PROMPT_GET),
}
_CONTENTS: Final[Shape] = {
    **_COMMON,
    "contents": _at_stage(each(_resource), Stage.RESOURCE_READ),
}
_LISTS: Final[Shape] = {
    key: _listed(_LISTED, Part.INSTRUCTIONS, Stage.RESPONSE)
    for key in ("prompts", "resources", "resourceTemplates")
}
_ABOUT: Final[Shape] = {
    **_COMMON,
    **dict.fromkeys(("protocolVersion", "supportedVersions"), token),
    "capabilities": text(Part.METADATA),
    "serverInfo": text(Part.INSTRUCTIONS),
    "instructions": text(Part.INSTRUCTIONS),
}
_COMPLETED: Final[Shape] = {
    **_COMMON,
    "completion": inner({"values": here(Part.ASSISTANT), "total": token, "hasMore": token}),
}
_OTHER: Final[Shape] = {**_COMMON, **_TASK}
_RESULTS: Final[dict[str, Shape]] = {
    "tools/call": _CALLED,
    "tasks/result": _CALLED,
    "tasks/get": _CALLED,
    "tasks/cancel": _CALLED,
    "tasks/update": _CALLED,
    "tools/list": _TOOLS,
    "prompts/get": _PROMPT,
    "prompts/list": {**_COMMON, "prompts": _LISTS["prompts"]},
    "resources/list": {**_COMMON, "resources": _LISTS["resources"]},
    "resources/templates/list": {**_COMMON, "resourceTemplates": _LISTS["resourceTemplates"]},
    "resources/read": _CONTENTS,
    "initialize": _ABOUT,
    "server/discover": _ABOUT,
    "completion/complete": _COMPLETED,
}
_ANY: Final[Shape] = {
    **_ABOUT,
    **_CALLED,
    **_TOOLS,
    **_PROMPT,
    **_CONTENTS,
    **_LISTS,
    **_COMPLETED,
}

_PARAMS: Final[dict[str, Shape]] = {
    "sampling/createMessage": {
        "messages": each(message_of_prompt),
        "systemPrompt": text(Part.SYSTEM),
        "tools": each(_tool),
        "toolChoice": merged({"mode": token}),
        "includeContext": token,
        "stopSequences": text(Part.METADATA),
        "metadata": text(Part.METADATA),
        "modelPreferences": text(Part.METADATA),
        "temperature": token,
        "maxTokens": token,
        "task": text(Part.METADATA),
        "_meta": META,
    },
    "elicitation/create": {
        "message": here(Part.ASSISTANT),
        "url": here(Part.ASSISTANT),
        "requestedSchema": _requested,
        "mode": token,
        "elicitationId": token,
        "task": text(Part.METADATA),
        "_meta": META,
    },
}
