"""JSON-RPC 2.0 envelopes: what a message is, and how an error looks. Pure: no I/O, no clock."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue, RequestId
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys


class MessageKind(Enum):
    """The three forms of a message; every message is exactly one of them."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Message:
    """A well-formed envelope. `params` is None when absent or null; a RESPONSE has no method."""

    kind: MessageKind
    method: str
    id: RequestId | None
    params: JsonValue


@dataclass(frozen=True, slots=True)
class InvalidMessage:
    """A value that is no JSON-RPC message. `id` is what an answer can refer to, if anything."""

    message: str
    id: RequestId | None = None


_ENVELOPE: Final = ProtocolKeys(("jsonrpc", "id", "method", "params", "result", "error"))


def request_id(value: JsonValue) -> RequestId | None:
    """`value` as a request id: a string or an integer of any size, else None.

    JSON-RPC allows null and fractions; MCP does not, and servers drop such requests as
    notifications or answer them with an id that no client waits for.
    """
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return None


def classify(value: JsonValue) -> Message | InvalidMessage:
    """What the decoded `value` is: exactly one of request, notification and response."""
    if not isinstance(value, dict):
        return InvalidMessage("a message is a JSON object")
    ident = request_id(value.get("id"))
    if (wrong := _wrong_members(value)) is not None:
        return InvalidMessage(wrong, ident)
    if "id" in value and ident is None:
        return InvalidMessage('"id" must be a string or an integer')
    if "method" in value:
        return _call(value, ident)
    return _response(value, ident)  # refused without id: it is the server's, not the client's


def _wrong_members(value: JsonObject) -> str | None:
    if len(value) > MAX_MEMBERS:
        return "a message has too many members"
    if (key := _ENVELOPE.mimicked(value)) is not None:
        return f'a key can be mistaken for "{key}"'
    return None if value.get("jsonrpc") == "2.0" else '"jsonrpc" must be "2.0"'


def _call(value: JsonObject, ident: RequestId | None) -> Message | InvalidMessage:
    if "result" in value or "error" in value:
        return InvalidMessage("a message is either a request or a response", ident)
    method = value["method"]
    if not isinstance(method, str):
        return InvalidMessage('"method" must be a string', ident)
    kind = MessageKind.NOTIFICATION if ident is None else MessageKind.REQUEST
    return Message(kind, method, ident, value.get("params"))


def _response(value: JsonObject, ident: RequestId | None) -> Message | InvalidMessage:
    if ("result" in value) == ("error" in value):
        return InvalidMessage('a message has one of "method", "result" and "error"')
    if ident is None:
        return InvalidMessage('a response has an "id"')
    if "error" in value and not isinstance(value["error"], dict):
        return InvalidMessage('"error" must be an object')
    return Message(MessageKind.RESPONSE, "", ident, value.get("params"))


def error_object(
    code: int, message: str, data: JsonMapping, ident: RequestId | None
) -> dict[str, JsonValue]:
    """A JSON-RPC error response; without `ident` it has no id member.

    MCP allows the omission, and clients hang on `"id": null` with HTTP 200.
    """
    error: dict[str, JsonValue] = {"code": code, "message": message}
    if data:
        error["data"] = dict(data)
    if ident is None:
        return {"jsonrpc": "2.0", "error": error}
    return {"jsonrpc": "2.0", "id": ident, "error": error}
