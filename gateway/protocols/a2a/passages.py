"""The strings of a request that guardrails judge. Pure: no I/O, no clock.

Source: A2A 0.3 and 1.0, in JSON-RPC, REST and as what a gRPC message says. Stage is A2A_MESSAGE.
Channels are paths below the params ("message/parts/0", "message/metadata"), of which keys that a
client made up are no part. Parts go by the role of the message. A file that is text is a passage;
other bytes are none. Members that are not known are metadata, with their keys.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Path, Stage
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Shape,
    Spot,
    here,
    inner,
    is_text_type,
    merged,
    sealed,
    text,
    token,
)

_USERS: Final = ("user", "ROLE_USER", 1)
"""A user's role in 0.3, in 1.0, and as the number that it has in a2a.proto."""


def passages_of(params: JsonValue, path: Path = ()) -> tuple[Passage, ...]:
    """The passages of the params of any operation; `path` leads to them."""
    out = Collector(Stage.A2A_MESSAGE)
    out.shaped(params, path, Spot(Part.METADATA, ""), _PARAMS)
    return tuple(out.found)


def passages_of_call(message: JsonValue) -> tuple[Passage, ...]:
    """The passages of a JSON-RPC request."""
    out = Collector(Stage.A2A_MESSAGE)
    out.shaped(message, (), Spot(Part.METADATA, ""), {**ENVELOPE, "params": merged(_PARAMS)})
    return tuple(out.found)


def message(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A message of a user or an agent."""
    message_at(out, value, path, spot.at(path[-1]))


def message_at(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A message at `spot`."""
    role = value.get("role") if isinstance(value, dict) else None
    part = Part.USER if role in _USERS else Part.ASSISTANT
    out.shaped(value, path, spot.of(part), MESSAGE)


def parts(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The parts of a message, whatever the version calls them."""
    spot = spot.at("parts")
    if not isinstance(value, list):
        out.strings(value, path, spot)
        return
    for index, one in enumerate(value):
        part(out, one, (*path, index), spot.at(index))


def part(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A part of a message or an artifact at `spot`."""
    out.shaped(value, path, spot, _TEXT_PART if _is_text(value) else PART)


def _file(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.shaped(value, path, spot, _TEXT_FILE if _is_text(value) else _FILE)


def _is_text(value: JsonValue) -> bool:
    """Whether a part or a file says that its bytes are text."""
    named = [value.get(key) for key in _MEDIA_TYPES] if isinstance(value, dict) else []
    return any(isinstance(one, str) and is_text_type(one) for one in named)


def _blob(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.blob(value, path, spot)


def _text_blob(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    out.blob(value, path, spot, declared=True)


_MEDIA_TYPES: Final = ("mediaType", "media_type", "mimeType", "mime_type")

ENVELOPE: Final[Shape] = {"jsonrpc": token, "id": token, "method": token}

_NAMED: Final = dict.fromkeys(("name", "uri", "fileWithUri", "file_with_uri"), here())
_BYTES: Final = ("bytes", "fileWithBytes", "file_with_bytes")
_FILE: Final[Shape] = {
    **_NAMED,
    **dict.fromkeys(_BYTES, _blob),
    **dict.fromkeys(_MEDIA_TYPES, token),
}
_TEXT_FILE: Final[Shape] = {**_FILE, **dict.fromkeys(_BYTES, _text_blob)}
PART: Final[Shape] = {
    **dict.fromkeys(("kind", "mediaType", "media_type"), token),
    **dict.fromkeys(("text", "url", "data", "filename"), here()),
    "raw": _blob,
    "file": _file,
    "metadata": text(Part.METADATA),
}
"""A part of a message or an artifact."""

_TEXT_PART: Final[Shape] = {**PART, "raw": _text_blob}
_TOKENS: Final = (
    "messageId contextId taskId role kind extensions referenceTaskIds message_id context_id "
    "task_id reference_task_ids"
)
MESSAGE: Final[Shape] = {
    **dict.fromkeys(_TOKENS.split(), token),
    "parts": parts,
    "content": parts,
    "metadata": text(Part.METADATA),
}
"""A message."""

_IDS: Final = (
    "tenant id taskId configId pushNotificationConfigId parent name contextId status pageSize "
    "historyLength statusTimestampAfter includeArtifacts task_id context_id config_id"
)
_PUSH: Final[Shape] = {
    **dict.fromkeys((*_IDS.split(), "token"), token),
    "url": here(),
    "authentication": text(),
}
_CONFIG: Final[Shape] = {**_PUSH, "pushNotificationConfig": inner(_PUSH)}
_PUSHES: Final[dict[str, Rule]] = dict.fromkeys(
    (
        "pushNotificationConfig",
        "taskPushNotificationConfig",
        "pushNotification",
        "push_notification_config",
        "push_notification",
        "config",
    ),
    inner(_CONFIG),
)
_CONFIGURATION: Final[Shape] = {
    **dict.fromkeys(("acceptedOutputModes", "accepted_output_modes"), token),
    **dict.fromkeys(("historyLength", "returnImmediately", "blocking"), token),
    **_PUSHES,
}
PUSHED: Final[Shape] = {**_PUSH, **_PUSHES}
"""A push configuration, by itself or with its task."""

_PARAMS: Final[Shape] = {
    **PUSHED,
    "message": message,
    "request": message,  # 0.3 over REST
    "configuration": inner(_CONFIGURATION),
    "metadata": text(),
    "pageToken": sealed,
}
