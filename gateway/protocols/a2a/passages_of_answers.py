"""The strings of what an agent sends that guardrails judge. Pure: no I/O, no clock.

N and M count elements. ID is the artifact's id, or a hash of one that is not a plain token
(`artifact_channel`). A stream has the same channels: one event is a task, a message, a status
update or an artifact update.

| what | channel | stage | part |
|---|---|---|---|
| an artifact's text parts, together | artifacts/ID/parts | A2A_ARTIFACT | ASSISTANT |
| its data, metadata, files, names, URLs | artifacts/ID/data | A2A_ARTIFACT | ASSISTANT |
| its name and description | artifacts/ID | A2A_ARTIFACT | METADATA |
| a task's or update's status.message: part N | status/message/parts/N | A2A_MESSAGE | by role |
| history[M]: part N | history/M/parts/N | A2A_MESSAGE | by role |
| task N of a list | tasks/N before all of the above | | |
| a message: part N | message/parts/N | A2A_MESSAGE | by role |
| metadata of any of them | metadata, .../metadata | as the rest | METADATA |
| a card; its skill N | card; card/skills/N | AGENT_CARD | AGENT_CARD |
| a push configuration | url, authentication | A2A_MESSAGE | METADATA |
| error | error | A2A_MESSAGE | ERROR |
| members that are not known | .../other | as the rest | METADATA |

All text parts of an artifact are one passage: agents send them token by token with `append`, and a
task that is read later lists the pieces. Its place has them all: a new text goes into the first,
and the others are emptied. In a stream the pieces are one text of the same channel.
"""

import re
from typing import Final

import xxhash

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Path, Place, Stage
from gateway.protocols.a2a.passages import ENVELOPE, PART, PUSHED, message, message_at, part
from gateway.wire.jsonstrings import (
    Collector,
    Shape,
    Spot,
    each,
    here,
    inner,
    merged,
    nothing,
    sealed,
    text,
    token,
)

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def answer_passages(
    value: JsonValue, path: Path = (), *, card: bool = False
) -> tuple[Passage, ...]:
    """The passages of an answer, or of one event of it, with or without the envelope of JSON-RPC;
    `path` leads to it. With `card` it is an agent's card, unless it is an error."""
    stage = Stage.AGENT_CARD if card else Stage.A2A_MESSAGE
    out = Collector(stage)
    spot = Spot(Part.METADATA, "")
    if isinstance(value, dict) and "jsonrpc" in value:
        members: Shape = {**ENVELOPE, "result": _card if card else _result, "error": _ERROR}
        out.shaped(value, path, spot, members)
    elif card and not (isinstance(value, dict) and "error" in value):
        _card(out, value, path, spot)
    else:
        _result(out, value, path, spot)
    return tuple(out.found)


def artifact_channel(ident: JsonValue) -> str:
    """The channel of an artifact with this id; an id that could say anything is hashed."""
    known = ident if isinstance(ident, str) else ""
    if _PLAIN_ID.fullmatch(known) is None:
        known = xxhash.xxh3_64_hexdigest(known.encode("utf-8", "surrogatepass"))
    return f"artifacts/{known}"


def _result(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A task, a message, an update, or an object that has one of these."""
    if isinstance(value, dict) and (value.get("kind") == "message" or "parts" in value):
        message_at(out, value, path, spot.at("message"))
    else:
        out.shaped(value, path, spot, _RESULT)


def _message(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A message under whatever name."""
    message_at(out, value, path, spot.at("message"))


def _task(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A task of a list."""
    out.shaped(value, path, spot.at(path[-1]), _RESULT)


def _artifact(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """An artifact, or what an update adds to it."""
    ident = value.get("artifactId", value.get("artifact_id")) if isinstance(value, dict) else None
    own = artifact_channel(ident)
    channel = f"{spot.channel}/{own}" if spot.channel else own
    at = Spot(Part.METADATA, channel, stage=Stage.A2A_ARTIFACT)
    out.shaped(value, path, at, _ARTIFACT)


def _artifacts(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    if not isinstance(value, list):
        _artifact(out, value, path, spot)
        return
    for index, one in enumerate(value):
        _artifact(out, one, (*path, index), spot)


def _artifact_parts(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The text parts as one text, and each of the others by itself."""
    beside = spot.at("data", Part.ASSISTANT)
    if not isinstance(value, list):
        out.strings(value, path, beside)
        return
    pieces: list[tuple[Path, str]] = []
    for index, one in enumerate(value):
        said = one.get("text") if isinstance(one, dict) else None
        if isinstance(said, str):
            pieces.append(((*path, index, "text"), said))
            out.shaped(one, (*path, index), beside, _BESIDE)
        else:
            part(out, one, (*path, index), beside)
    if pieces:
        first, *rest = [at for at, _ in pieces]
        whole = "".join([said for _, said in pieces])
        out.add(whole, Place(first, rest=tuple(rest)), spot.at("parts", Part.ASSISTANT))


def _skill(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.shaped(value, path, spot.at(path[-1]), _SKILL)


def _card(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    name = value.get("name") if isinstance(value, dict) else None
    at = spot.at("card", Part.AGENT_CARD, name if isinstance(name, str) else "")
    out.shaped(value, path, at, _CARD)


_BESIDE: Final[Shape] = {**PART, "text": nothing}  # the text is with the others
_ARTIFACT: Final[Shape] = {
    **dict.fromkeys(("artifactId", "artifact_id", "extensions", "kind"), token),
    "name": here(),
    "description": here(),
    "parts": _artifact_parts,
    "metadata": text(),
}
_STATUS: Final[Shape] = {
    **dict.fromkeys(("state", "timestamp"), token),
    "message": _message,
    "update": _message,  # 0.3 over REST
}
_ERROR_MEMBERS: Final[Shape] = {
    "code": token,
    "status": token,
    "message": here(),
    "data": here(),
    "details": here(),
}
_ERROR: Final = inner(_ERROR_MEMBERS, Part.ERROR)


def _nested(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.shaped(value, path, spot, _RESULT)


_TOKENS: Final = (
    "id contextId taskId kind final append lastChunk index totalSize pageSize context_id task_id"
)
_WRAPPERS: Final = "task statusUpdate artifactUpdate status_update artifact_update"
_RESULT: Final[Shape] = {
    **PUSHED,
    **dict.fromkeys(_TOKENS.split(), token),
    **dict.fromkeys(_WRAPPERS.split(), _nested),
    "message": _message,
    "msg": _message,
    "status": inner(_STATUS),
    "artifacts": _artifacts,
    "artifact": _artifact,
    "history": each(message),
    "tasks": each(_task),
    "metadata": text(),
    "nextPageToken": sealed,
    "configs": each(merged(PUSHED)),
    "error": _ERROR,
}

_TEXTS: Final = dict.fromkeys(("name", "description"), here())
_SKILL: Final[Shape] = {
    **_TEXTS,
    "id": token,
    "tags": here(),
    "examples": here(),
    **dict.fromkeys(("inputModes", "outputModes", "input_modes", "output_modes"), token),
    "security": here(),
    "securityRequirements": here(),
}
_INTERFACE: Final[Shape] = {
    "url": here(),
    **dict.fromkeys(("transport", "protocolBinding", "protocolVersion", "tenant"), token),
}
_MODES: Final = (
    "protocolVersion version preferredTransport defaultInputModes defaultOutputModes "
    "supportsAuthenticatedExtendedCard supportsExtendedAgentCard"
)
_CARD: Final[Shape] = {
    **_TEXTS,
    **dict.fromkeys(_MODES.split(), token),
    **dict.fromkeys(("url", "iconUrl", "documentationUrl"), here()),
    "provider": merged({"organization": here(), "url": here()}),
    "capabilities": here(),
    "skills": each(_skill),
    "supportedInterfaces": each(merged(_INTERFACE)),
    "additionalInterfaces": each(merged(_INTERFACE)),
    "securitySchemes": here(),
    "security": here(),
    "securityRequirements": here(),
    "signatures": nothing,  # the gateway empties them
}
