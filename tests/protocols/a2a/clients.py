"""Requests as A2A clients send them."""

import json
from typing import Any

from gateway.model.call import Call, Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Refusal
from gateway.protocols.a2a import A2a
from gateway.protocols.base import Settings

ORIGIN = "https://console.example"
LIMIT = 64 * 1024
PATH = "/agents/triage"
SERVICE_10 = "/lf.a2a.v1.A2AService"
SERVICE_03 = "/a2a.v1.A2AService"

Lines = tuple[tuple[str, str], ...]
V10: Lines = (("a2a-version", "1.0"),)
JSON: Lines = (("content-type", "application/json"),)
EVENTS: Lines = (("accept", "text/event-stream"),)
GRPC: Lines = (("content-type", "application/grpc"), ("te", "trailers"))


def settings(path: str = PATH) -> Settings:
    return Settings(path, "triage", LIMIT, origins=frozenset((ORIGIN,)))


a2a = A2a(settings())
wire_10 = A2a(settings(SERVICE_10))
wire_03 = A2a(settings(SERVICE_03))


def head(lines: Lines = (*JSON, *V10), path: str = PATH, method: str = "POST") -> RequestHead:
    return RequestHead(
        method=method,
        path=path,
        authority="gateway.example:8443",
        scheme="https",
        headers=Headers(lines),
    )


def message_10(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    shown = list(parts) or [{"text": "hello"}]
    return {"message": {"messageId": "m-1", "role": "ROLE_USER", "parts": shown, **more}}


def message_03(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    shown = list(parts) or [{"kind": "text", "text": "hello"}]
    message = {"kind": "message", "messageId": "m-1", "role": "user", "parts": shown, **more}
    return {"message": message}


def rpc(method: str = "SendMessage", params: Any = None, ident: Any = 1) -> dict[str, Any]:
    sent = message_10() if params is None else params
    return {"jsonrpc": "2.0", "id": ident, "method": method, "params": sent}


def encode(message: Any) -> bytes:
    return json.dumps(message).encode()


def framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4) + message


def posted(message: Any, lines: Lines = (*JSON, *V10), path: str = PATH) -> Deframed | Refusal:
    return a2a.open(head(lines, path)).deframe(encode(message))


def got(below: str, lines: Lines = V10, method: str = "GET") -> Deframed | Refusal:
    return a2a.open(head(lines, PATH + below, method)).deframe(b"")


def call(result: Deframed | Refusal) -> Call:
    assert isinstance(result, Deframed), result
    (only,) = result.calls
    return only


def refusal(result: Deframed | Refusal) -> Refusal:
    assert isinstance(result, Refusal), result
    return result
