"""One decoded JSON-RPC message of a client as a `Call`. Pure: no I/O, no clock."""

import re
from dataclasses import dataclass, field
from typing import Final

from gateway.model.call import Call, Kind
from gateway.model.head import Headers
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.mcp.agreement import disagreement, version_agrees
from gateway.protocols.mcp.attributes import (
    CLIENT_CAPABILITIES_KEY,
    PROTOCOL_VERSION_KEY,
    REQUESTS,
)
from gateway.protocols.mcp.client import Client
from gateway.protocols.mcp.era import MODERN_REVISIONS, Era
from gateway.protocols.mcp.params import Wrong, attributes_of
from gateway.wire import jsonrpc
from gateway.wire.jsonrpc import InvalidMessage, Message, MessageKind

PROTOCOL: Final = "mcp"

LISTEN_METHOD: Final = "GET"
END_METHOD: Final = "DELETE"
ANSWER_METHOD: Final = "response"
"""`Call.method` of what has no JSON-RPC method; a message that claims one of them is refused."""

_RESERVED: Final = frozenset((LISTEN_METHOD, END_METHOD, ANSWER_METHOD))
_METHOD_NAME: Final = re.compile(r"[\x21-\x7e]{1,128}")
_NOTIFICATION_PREFIX: Final = "notifications/"

SUBSCRIBE_METHOD: Final = "subscriptions/listen"
"""Its answer is a stream that goes on until the client has enough."""

MODERN_REQUESTS: Final = frozenset(
    (
        "server/discover",
        "tools/list",
        "tools/call",
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
        SUBSCRIBE_METHOD,
        "tasks/get",
        "tasks/update",
        "tasks/cancel",
    )
)
"""Of 2026-07-28 and its tasks extension; any other method is 404 there."""

_TARGETS: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "resources/subscribe": "uri",
    "resources/unsubscribe": "uri",
    "tasks/get": "task_id",
    "tasks/result": "task_id",
    "tasks/cancel": "task_id",
    "tasks/update": "task_id",
}
"""The attribute that is the call's target."""

_REFERENCES: Final = {"ref/prompt": "ref_name", "ref/resource": "ref_uri"}

MAX_SUBSCRIPTIONS: Final = 256
"""Resources and tasks of one subscriptions/listen; each is judged as a call of its own."""


@dataclass(frozen=True, slots=True)
class Context:
    """The head that a message came with."""

    client: Client
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A request or notification whose params are an object."""

    kind: Kind
    method: str
    id: jsonrpc.RequestId | None
    params: JsonObject
    meta: JsonObject = field(default_factory=dict[str, JsonValue])

    def refused(self, reason: Reason, message: str, **data: JsonValue) -> Refusal:
        ids = () if self.id is None else (self.id,)
        return Refusal(reason, message, ids, data=data)


def call_of(value: JsonValue, context: Context) -> Call | Refusal:
    """The call that the message `value` makes, judged in the order of the official servers:
    envelope, `_meta`, agreement of headers and body, version, method, parameters."""
    message = jsonrpc.classify(value)
    if isinstance(message, InvalidMessage):
        ids = () if message.id is None else (message.id,)
        return Refusal(Reason.INVALID_REQUEST, message.message, ids)
    if message.kind is MessageKind.RESPONSE:
        return _answer(context.client)
    incoming = _incoming(message)
    if isinstance(incoming, Refusal):
        return incoming
    refusal = _era_refusal(incoming, context) or _method_refusal(incoming, context.client.era)
    return _call(incoming, context.client) if refusal is None else refusal


def _answer(client: Client) -> Call | Refusal:
    """The client's answer to a request that the server sent; the modern era has none."""
    if client.era is Era.MODERN:
        return Refusal(Reason.INVALID_REQUEST, "this revision has no requests to answer")
    return Call(
        PROTOCOL,
        ANSWER_METHOD,
        Kind.ANSWER,
        version=client.version,
        attributes={"method": ANSWER_METHOD},
    )


def _incoming(message: Message) -> _Incoming | Refusal:
    kind = Kind.REQUEST if message.kind is MessageKind.REQUEST else Kind.NOTIFICATION
    params = {} if message.params is None else message.params
    if not isinstance(params, dict):
        bare = _Incoming(kind, message.method, message.id, {})
        return bare.refused(Reason.INVALID_PARAMS, '"params" must be an object')
    meta = params.get("_meta")
    return _Incoming(
        kind, message.method, message.id, params, meta if isinstance(meta, dict) else {}
    )


def _era_refusal(incoming: _Incoming, context: Context) -> Refusal | None:
    client = context.client
    describes_itself = client.era is Era.MODERN and incoming.kind is Kind.REQUEST
    if describes_itself:
        for key in (PROTOCOL_VERSION_KEY, CLIENT_CAPABILITIES_KEY):
            if key not in incoming.meta:
                return incoming.refused(Reason.INVALID_PARAMS, f'params._meta needs "{key}"')
    if not version_agrees(client.header, incoming.meta):
        return _mismatch(incoming, "MCP-Protocol-Version")
    header = disagreement(
        context.headers, incoming.method, incoming.params, required=describes_itself
    )
    if header is not None:
        return _mismatch(incoming, header)
    if client.era is Era.MODERN and client.version not in MODERN_REVISIONS:
        return incoming.refused(
            Reason.UNSUPPORTED_VERSION,
            "unsupported protocol version",
            supported=list(MODERN_REVISIONS),
            requested=client.version[:64],
        )
    return None


def _mismatch(incoming: _Incoming, header: str) -> Refusal:
    return incoming.refused(Reason.HEADER_MISMATCH, f"{header} does not match the message")


def _method_refusal(incoming: _Incoming, era: Era) -> Refusal | None:
    """A method that the revision does not have, or that is sent as the wrong kind of message.

    Legacy extension methods pass: servers have them, and policy denies them unless a rule names
    them. 404 is for the modern era only; a legacy client takes it for the end of its session.
    """
    method = incoming.method
    if _METHOD_NAME.fullmatch(method) is None or method in _RESERVED:
        return incoming.refused(Reason.INVALID_REQUEST, '"method" is not a method name')
    is_notification = method.startswith(_NOTIFICATION_PREFIX)
    if incoming.kind is Kind.REQUEST and is_notification:
        return incoming.refused(Reason.INVALID_REQUEST, "a notification has no id")
    if incoming.kind is Kind.NOTIFICATION and not is_notification:
        known = era is Era.MODERN or method in REQUESTS
        return incoming.refused(Reason.INVALID_REQUEST, "a request needs an id") if known else None
    if era is Era.MODERN and not is_notification and method not in MODERN_REQUESTS:
        return incoming.refused(Reason.UNKNOWN_METHOD, "unknown method")
    return None


def _call(incoming: _Incoming, client: Client) -> Call | Refusal:
    read = attributes_of(incoming.method, incoming.params)
    if isinstance(read, Wrong):
        return incoming.refused(Reason.INVALID_PARAMS, read.message)
    target = _target(incoming.method, read)
    if isinstance(target, Wrong):
        return incoming.refused(Reason.INVALID_PARAMS, target.message)
    requested = read.get("protocol_version")
    version = requested if isinstance(requested, str) else client.version
    read |= {"method": incoming.method, "protocol_version": version}
    implied = _subscriptions(read, version) if incoming.method == "subscriptions/listen" else ()
    if len(implied) > MAX_SUBSCRIPTIONS:
        return incoming.refused(Reason.INVALID_PARAMS, f"over {MAX_SUBSCRIPTIONS} subscriptions")
    return Call(
        PROTOCOL, incoming.method, incoming.kind, incoming.id, target, version, read, implied
    )


def _target(method: str, read: JsonObject) -> str | Wrong | None:
    if method == "completion/complete":
        kind = read.get("ref_type")
        target = read.get(_REFERENCES.get(kind, "")) if isinstance(kind, str) else None
        return (
            target if isinstance(target, str) else Wrong("params.ref names no prompt or resource")
        )
    target = read.get(_TARGETS.get(method, ""))
    return target if isinstance(target, str) else None


def _subscriptions(read: JsonObject, version: str) -> tuple[Call, ...]:
    """A subscription tells what a read would tell, so it needs what the read needs."""
    inherited = {name: read[name] for name in _INHERITED if name in read}
    calls: list[Call] = []
    for source, method, name in _SUBSCRIBED:
        targets = read.get(source)
        for target in targets if isinstance(targets, list) else ():
            if isinstance(target, str):
                own: JsonObject = {**inherited, "method": method, name: target}
                calls.append(
                    Call(PROTOCOL, method, Kind.REQUEST, None, target, version, attributes=own)
                )
    return tuple(calls)


_INHERITED: Final = ("protocol_version", "client_name", "client_version", "capabilities", "meta")
_SUBSCRIBED: Final = (
    ("resource_subscriptions", "resources/read", "uri"),
    ("task_ids", "tasks/get", "task_id"),
)
