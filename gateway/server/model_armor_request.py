"""Reads requests of Google Model Armor's sanitize methods. Pure: no I/O, no clock.

Members are taken in lowerCamelCase and in snake_case, as proto3's JSON demands; enums by name or by
number. Unknown members are refused, as Google's servers do.

Source: google.cloud.modelarmor.v1, SanitizeUserPromptRequest, SanitizeModelResponseRequest and
DataItem.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from gateway.guardrails.provider import Direction
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.wire.strictjson import Malformed, decode

METHODS: Final = {
    Direction.REQUEST: "sanitizeUserPrompt",
    Direction.RESPONSE: "sanitizeModelResponse",
}
"""The methods, by what they are about."""

_DATA: Final = {
    Direction.REQUEST: "userPromptData",
    Direction.RESPONSE: "modelResponseData",
}
_IGNORED: Final = frozenset(
    {"name", "userPrompt", "multiLanguageDetectionMetadata", "streamingMode"}
)
_PLAIN: Final = frozenset({"PLAINTEXT_UTF8", "TXT", "CSV", 1, 6, 7})
"""Types of byte items that are text; of documents and images the gateway reads none."""


class BadRequestError(ValueError):
    """What is wrong with a request; quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class ClientText:
    """A text that a client of Model Armor asks about."""

    text: str
    direction: Direction


def read_request(body: bytes, direction: Direction, limit: int) -> ClientText:
    """The text of a request of at most `limit` bytes. Raises `BadRequestError`."""
    document = decode(body, limit)
    if isinstance(document, Malformed):
        raise BadRequestError(f"the body is {document.fault.value}")
    request = _members(document.value, "the body")
    wanted = _DATA[direction]
    if wanted not in request or set(request) - {wanted} - _IGNORED:
        raise BadRequestError(f"the body has {wanted}, and nothing that is unknown")
    item = _members(request[wanted], wanted)
    match item:
        case {"text": str(text), **rest} if not rest:
            return ClientText(text, direction)
        case {"byteItem": value, **rest} if not rest:
            return ClientText(_plain(_members(value, "byteItem")), direction)
        case _:
            raise BadRequestError(f"{wanted} has exactly one of text and byteItem")


def _plain(item: JsonObject) -> str:
    if set(item) - {"byteDataType", "byteData", "fileLabel"}:
        raise BadRequestError("byteItem has an unknown member")
    kind = item.get("byteDataType")
    if not isinstance(kind, str | int) or isinstance(kind, bool) or kind not in _PLAIN:
        raise BadRequestError("byteDataType is none that is read: PLAINTEXT_UTF8, TXT or CSV")
    data = item.get("byteData")
    if not isinstance(data, str):
        raise BadRequestError("byteData is base64")
    try:
        padded = data.replace("-", "+").replace("_", "/")
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise BadRequestError("byteData is no UTF-8 text in base64") from None


def _members(value: JsonValue, what: str) -> JsonObject:
    """The members of an object, in lowerCamelCase."""
    if not isinstance(value, dict):
        raise BadRequestError(f"{what} is no object")
    members = {_camel(name): member for name, member in value.items()}
    if len(members) != len(value):
        raise BadRequestError(f"{what} has a member in two spellings")
    return members


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)
