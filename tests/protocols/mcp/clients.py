"""Requests as MCP clients send them."""

import json
from typing import Any

from gateway.model.call import Call, Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Refusal
from gateway.protocols.mcp import Mcp

ORIGIN = "https://console.example"
LIMIT = 4 * 1024 * 1024
VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
META: dict[str, Any] = {VERSION: "2026-07-28", CAPABILITIES: {}}

Lines = tuple[tuple[str, str], ...]

JSON: Lines = (
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
)
MODERN: Lines = (*JSON, ("mcp-protocol-version", "2026-07-28"))
SESSION: Lines = (("mcp-protocol-version", "2025-11-25"), ("mcp-session-id", "s-1"))

mcp = Mcp(batches=False, origins=frozenset((ORIGIN,)), body_limit=LIMIT)
batching = Mcp(batches=True, origins=frozenset(), body_limit=LIMIT)


def head(lines: Lines = JSON, method: str = "POST", path: str = "/mcp") -> RequestHead:
    return RequestHead(method=method, path=path, headers=Headers(lines))


def rpc(method: str, params: Any = None, ident: Any = 1, **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": ident, "method": method, **more}
    return message if params is None else {**message, "params": params}


def notify(method: str, params: Any = None) -> dict[str, Any]:
    message = rpc(method, params)
    del message["id"]
    return message


def encode(message: Any) -> bytes:
    return json.dumps(message).encode()


CALL: dict[str, Any] = {"name": "get_issue", "arguments": {"number": 7}}


def modern_lines(method: str, name: str | None = None) -> Lines:
    named: Lines = () if name is None else (("mcp-name", name),)
    return (*MODERN, ("mcp-method", method), *named)


def deframe(message: Any, lines: Lines = JSON, using: Mcp = mcp) -> Deframed | Refusal:
    return using.open(head(lines)).deframe(encode(message))


def call(message: Any, lines: Lines = JSON) -> Call:
    result = deframe(message, lines)
    assert isinstance(result, Deframed), result
    assert result.body is None
    return result.calls[0]


def refusal(message: Any, lines: Lines = JSON, using: Mcp = mcp) -> Refusal:
    result = deframe(message, lines, using)
    assert isinstance(result, Refusal), result
    return result
