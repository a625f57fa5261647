"""Measured requests, as a client sends them and as Envoy hands them to the service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from benchmarks.corpus import OWNER, api_key
from gateway.server import extproc_pb2 as pb
from gateway.server.codec import ATTRIBUTES_KEY

REVISION: Final = "2026-07-28"
KILOBYTE: Final = 1024
KEY_HEADER: Final = ("x-api-key", api_key(0))


class Request(Protocol):
    """A POST whose answer can be told from an error. `events` is of how many server-sent events
    the answer is, 0 for one of JSON."""

    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def events(self) -> int: ...
    def answered(self, body: bytes) -> bool: ...


class JsonRpcCall:
    """A call that is answered by one JSON-RPC document."""

    __slots__ = ()

    @property
    def events(self) -> int:
        """Answered by JSON."""
        return 0

    def answered(self, body: bytes) -> bool:
        """Whether the answer is a result."""
        return "result" in json.loads(body)


@dataclass(frozen=True, slots=True)
class ToolCall(JsonRpcCall):
    """tools/call of the tool `probe-WIDTH` in the modern form, `size` bytes of JSON."""

    size: int = KILOBYTE
    width: int = 1

    @property
    def tool(self) -> str:
        """The name of the tool."""
        return f"probe-{self.width}"

    @property
    def body(self) -> bytes:
        """The body, padded with an argument of plain text to exactly `size` bytes."""
        bare = self._document("")
        return self._document("lorem ipsum " * (self.size // 12 + 1), self.size - len(bare))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What a client of this revision sends."""
        return (
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("user-agent", "benchmark/1"),
            ("mcp-protocol-version", REVISION),
            ("mcp-method", "tools/call"),
            ("mcp-name", self.tool),
            KEY_HEADER,
        )

    def _document(self, text: str, length: int = 0) -> bytes:
        meta = {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        arguments = {
            "owner": OWNER,
            "labels": ["bug", "p1"],
            "limit": 20,
            "text": text[:length],
        }
        params = {"name": self.tool, "arguments": arguments, "_meta": meta}
        call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
        return json.dumps(call, separators=(",", ":")).encode()


def http_request(call: Request, path: str, authority: str) -> bytes:
    """The request as bytes of HTTP/1.1."""
    body = call.body
    lines = [f"POST {path} HTTP/1.1", f"host: {authority}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in call.headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ext_proc_messages(call: Request, path: str, route: str) -> tuple[bytes, bytes]:
    """The two messages that Envoy makes of it where the body is buffered. `route` is what Envoy
    calls the route."""
    first, second = pb.ProcessingRequest(), pb.ProcessingRequest()
    extra = (
        (":authority", "127.0.0.1:10000"),
        (":path", path),
        (":method", "POST"),
        (":scheme", "http"),
        ("content-length", str(len(call.body))),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-request-id", "5d3f6f0e-7c33-4f1c-9f0a-2d8e3a4b5c6d"),
    )
    for name, value in (*extra, *call.headers):
        first.request_headers.headers.headers.add(key=name, raw_value=value.encode())
    first.protocol_config.request_body_mode = pb.ProcessingMode.BodySendMode.BUFFERED
    fields = first.attributes[ATTRIBUTES_KEY].fields
    fields["xds.route_name"].string_value = route
    fields["source.address"].string_value = "127.0.0.1:50000"
    fields["connection.mtls"].bool_value = False
    second.request_body.body = call.body
    second.request_body.end_of_stream = True
    return first.SerializeToString(), second.SerializeToString()


def answer_messages(content_type: str, pieces: Sequence[bytes]) -> list[bytes]:
    """The messages that Envoy makes of an answer whose body is read as it comes."""
    head = pb.ProcessingRequest()
    lines = ((":status", "200"), ("content-type", content_type), ("server", "benchmark"))
    for name, value in lines:
        head.response_headers.headers.headers.add(key=name, raw_value=value.encode())
    fields = head.attributes[ATTRIBUTES_KEY].fields
    fields["response.code_details"].string_value = "via_upstream"
    fields["upstream.address"].string_value = "127.0.0.1:8000"
    return [head.SerializeToString(), *(_piece(one) for one in pieces), _piece(b"", ends=True)]


def _piece(data: bytes, *, ends: bool = False) -> bytes:
    message = pb.ProcessingRequest()
    message.response_body.body = data
    message.response_body.end_of_stream = ends
    return message.SerializeToString()
