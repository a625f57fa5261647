"""Whether headers and body of a request say the same. Pure: no I/O, no clock.

Source: MCP 2026-07-28, basic/transports/streamable-http, "Server Validation" and "Value
Encoding". The body is the truth; a header that disagrees would steer anybody who routes or
decides by headers, so it is refused in every era. Required are headers in the modern era only.
"""

import base64
import binascii
import re
from typing import Final

from gateway.model.head import Headers
from gateway.model.jsonvalue import JsonObject
from gateway.protocols.mcp.attributes import PROTOCOL_VERSION_KEY

_MIRRORED: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The params member that Mcp-Name repeats."""

_NAME_REQUIRED: Final = frozenset(("tools/call", "prompts/get", "resources/read"))
"""Task methods are an extension whose header the official clients do not send yet."""

_SINGLE: Final = frozenset(
    ("content-type", "content-encoding", "authorization", "origin", "last-event-id")
)
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*")
_ENCODED: Final = re.compile(r"=\?base64\?(.*)\?=")


def repeated_header(headers: Headers) -> str | None:
    """A header that may occur once and does not, or None: readers of the first and of the last
    line would disagree. Envoy joins some repetitions with a comma; their values fail elsewhere."""
    for name in headers.repeated():
        if name in _SINGLE or name.startswith("mcp-"):
            return name
    return None


def header_value(headers: Headers, name: str) -> str | None:
    """The header `name` without the white space around it, or None when it is absent."""
    value = headers.get(name)
    return None if value is None else value.strip(" \t")


def disagreement(
    headers: Headers, method: str, params: JsonObject, *, required: bool
) -> str | None:
    """The name of the first header that contradicts the message, or None.

    With `required` a missing header is a contradiction too. Mcp-Param-* are for the server, which
    knows the tool's schema.
    """
    if not _method_agrees(headers, method, required=required):
        return "Mcp-Method"
    if not _name_agrees(headers, method, params, required=required):
        return "Mcp-Name"
    return None


def version_agrees(header: str | None, meta: JsonObject) -> bool:
    """Whether `_meta`, if it names a protocol version, names that of the header."""
    return PROTOCOL_VERSION_KEY not in meta or meta[PROTOCOL_VERSION_KEY] == header


def decoded(value: str) -> str | None:
    """A header value that may be `=?base64?...?=`, or None when it is not a legal one."""
    if _VISIBLE.fullmatch(value) is None:
        return None
    match = _ENCODED.fullmatch(value)
    if match is None:
        return value
    payload = match.group(1).encode("ascii")
    try:
        content = base64.b64decode(payload, validate=True)
        return content.decode("utf-8") if base64.b64encode(content) == payload else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _method_agrees(headers: Headers, method: str, *, required: bool) -> bool:
    value = header_value(headers, "mcp-method")
    return value == method or (value is None and not required)


def _name_agrees(headers: Headers, method: str, params: JsonObject, *, required: bool) -> bool:
    key = _MIRRORED.get(method)
    wanted = None if key is None else params.get(key)
    if not isinstance(wanted, str):
        return True  # nothing to mirror, or refused for its type
    value = header_value(headers, "mcp-name")
    if value is None:
        return not (required and method in _NAME_REQUIRED)
    return decoded(value) == wanted
