"""Messages, items of input and tools, written as a model reads them. Pure: no I/O, no clock.

Ids of calls and items are left out: clients and servers make them up, and few templates show them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.wire.transcript import Medium, Transcript

_TEXT: Final = ("text", "refusal")
_MEDIA: Final[Mapping[str, Medium]] = MappingProxyType(
    {
        "image_url": "image",
        "input_image": "image",
        "image": "image",
        "image_embeds": "image",
        "computer_screenshot": "image",
        "input_audio": "audio",
        "audio_url": "audio",
        "input_video": "video",
        "video_url": "video",
        "file": "file",
        "input_file": "file",
    }
)
"""Types of parts that are no text."""

_SOURCES: Final = (
    "image_url",
    "video_url",
    "audio_url",
    "file_url",
    "input_audio",
    "input_video",
    "image_embeds",
    "image",
    "file",
    "url",
    "data",
    "file_data",
    "file_id",
)
"""Members that hold a medium, or the object in which it is."""

_NOT_READ: Final = ("id", "status", "call_id", "cache_control", "encrypted_content")
"""Members that no model sees. Markers for caches move from turn to turn."""

_CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {"function_call": "arguments", "custom_tool_call": "input"}
)
_OUTPUT: Final = "_output"
"""How types of items end that are the result of a call."""


def tools(body: JsonMapping, out: Transcript) -> None:
    """The tools, in the order in which they are offered."""
    for key in ("tools", "functions"):
        offered = body.get(key)
        if isinstance(offered, list) and offered:
            out.section("tools")
            for tool in offered:
                out.value(tool, without=_NOT_READ)


def message(one: JsonMapping, out: Transcript) -> None:
    """A message: its role, how its model reasoned, what it says, and the tools that it calls."""
    role = one.get("role")
    out.section(role if isinstance(role, str) else "")
    out.text(one.get("reasoning_content") or one.get("reasoning"))
    contents(one.get("content"), out)
    out.text(one.get("refusal"))
    calls = one.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        _call(call, out)
    called = one.get("function_call")
    if isinstance(called, dict):
        out.call(called.get("name"), called.get("arguments"))


def contents(value: JsonValue, out: Transcript) -> None:
    """A text, or parts of which some are."""
    if isinstance(value, str):
        out.text(value)
        return
    if not isinstance(value, list):
        out.value(value)
        return
    for part in value:
        if isinstance(part, dict):
            _part(part, out)


def response_items(value: JsonValue, out: Transcript) -> None:
    """The input of a response: a text by the user, or items."""
    if isinstance(value, str):
        out.section("user")
        out.text(value)
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            _item(item, out)


def _item(item: JsonMapping, out: Transcript) -> None:
    kind = item.get("type")
    if kind == "message" or (kind is None and "role" in item):
        message(item, out)
    elif not isinstance(kind, str):
        out.value(dict(item))  # a reference to what the server keeps
    elif kind in _CALLS:
        out.call(item.get("name"), item.get(_CALLS[kind]))
    elif kind.endswith(_OUTPUT):
        out.section("tool")
        output = item.get("output")
        contents([output] if isinstance(output, dict) else output, out)
    elif kind == "reasoning":
        out.section("reasoning")
        contents(item.get("content") or item.get("summary"), out)
    else:
        _other(item, out)


def _other(item: JsonMapping, out: Transcript) -> None:
    """An item of another type; a picture that the server drew is one, not a text."""
    drawn = item.get("result")
    if item.get("type") == "image_generation_call" and isinstance(drawn, str):
        out.media("image", drawn)
    else:
        out.value(dict(item), without=_NOT_READ)


def _call(call: JsonValue, out: Transcript) -> None:
    if not isinstance(call, dict):
        return
    function, custom = call.get("function"), call.get("custom")
    if isinstance(function, dict):
        out.call(function.get("name"), function.get("arguments"))
    elif isinstance(custom, dict):
        out.call(custom.get("name"), custom.get("input"))


def _part(part: JsonMapping, out: Transcript) -> None:
    kind = part.get("type")
    medium = _MEDIA.get(kind) if isinstance(kind, str) else None
    source = None if medium is None else _source(part)
    if medium is not None and source is not None:
        out.media(medium, source)
        return
    texts = [part[key] for key in _TEXT if isinstance(part.get(key), str)]
    for text in texts:
        out.text(text)
    if not texts:
        out.value(dict(part), without=_NOT_READ)


def _source(part: JsonMapping, depth: int = 2) -> str | None:
    """What a part has of a medium, one object deep at most."""
    for key in _SOURCES:
        value = part.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and depth > 1:
            found = _source(value, depth - 1)
            if found is not None:
                return found
    return None
