"""The JSON-RPC binding. Pure: no I/O, no clock.

A2A has neither batches nor notifications: a server that runs a request without an id could not be
heard refusing it, so both are refused. Source: A2A 1.0, section 9; A2A 0.3, section 6.11.
"""

from gateway.model.call import Call
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonValue
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.call import call_of
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.operation import METHODS_03, METHODS_10, STREAMS, V10
from gateway.wire.jsonrpc import InvalidMessage, Message, MessageKind, classify


def deframed(value: JsonValue, head: RequestHead, client: Client, backend: str) -> Call | Refusal:
    """The one call of a decoded body."""
    message = _single(value)
    if isinstance(message, Refusal):
        return message
    if message.kind is not MessageKind.REQUEST or message.id is None:
        return Refusal(Reason.INVALID_REQUEST, 'a request has a method and an "id"')
    method = _method(message, client.version)
    if isinstance(method, Refusal):
        return method
    if method in STREAMS and not accepts_events(head):
        text = "a streaming method needs Accept: text/event-stream"
        return Refusal(Reason.INVALID_REQUEST, text, (message.id,))
    try:
        return call_of(method, message.params, client, backend, message.id)
    except WrongError as wrong:
        return Refusal(Reason.INVALID_PARAMS, str(wrong), (message.id,))


def _single(value: JsonValue) -> Message | Refusal:
    if isinstance(value, list):
        return Refusal(Reason.INVALID_REQUEST, "batches are not accepted")
    message = classify(value)
    if isinstance(message, InvalidMessage):
        ids = () if message.id is None else (message.id,)
        return Refusal(Reason.INVALID_REQUEST, message.message, ids)
    return message


def accepts_events(head: RequestHead) -> bool:
    """Whether the client says that it reads server-sent events: only then can its stream be told
    from an answer by the head, and be cut off when its permit ends."""
    accepted = ",".join(head.headers.all("accept")).lower().split(",")
    return any(one.partition(";")[0].strip(" \t") == "text/event-stream" for one in accepted)


def _method(message: Message, version: str) -> str | Refusal:
    """The method under its name in 1.0. Those of one version are not those of the other."""
    known = message.method in METHODS_10 if version == V10 else message.method in METHODS_03
    if known:
        return METHODS_03.get(message.method, message.method)
    ids = () if message.id is None else (message.id,)
    if message.method in METHODS_10 or message.method in METHODS_03:
        text = f"not a method of A2A {version}; the header A2A-Version names the version"
        return Refusal(Reason.UNSUPPORTED_VERSION, text, ids)
    return Refusal(Reason.UNKNOWN_METHOD, "A2A has no such method", ids)
