"""The measured request, as a client sends it and as Envoy hands it to the service."""

import json
from dataclasses import dataclass
from typing import Final

from benchmarks.corpus import OWNER, api_key
from gateway.server import extproc_pb2 as pb
from gateway.server.codec import ATTRIBUTES_KEY

REVISION: Final = "2026-07-28"
KILOBYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class ToolCall:
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
            ("x-api-key", api_key(0)),
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


def http_request(call: ToolCall, path: str, authority: str) -> bytes:
    """The request as bytes of HTTP/1.1."""
    body = call.body
    lines = [f"POST {path} HTTP/1.1", f"host: {authority}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in call.headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ext_proc_messages(call: ToolCall, route: str) -> tuple[bytes, bytes]:
    """The two messages that Envoy makes of it where the body is buffered."""
    first, second = pb.ProcessingRequest(), pb.ProcessingRequest()
    extra = (
        (":authority", "127.0.0.1:10000"),
        (":path", f"/{route}"),
        (":method", "POST"),
        (":scheme", "http"),
        ("content-length", str(call.size)),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-request-id", "5d3f6f0e-7c33-4f1c-9f0a-2d8e3a4b5c6d"),
    )
    for name, value in (*extra, *call.headers):
        first.request_headers.headers.headers.add(key=name, raw_value=value.encode())
    first.protocol_config.request_body_mode = pb.ProcessingMode.BodySendMode.BUFFERED
    fields = first.attributes[ATTRIBUTES_KEY].fields
    fields["xds.route_name"].string_value = f"mcp:{route}@{route}"
    fields["source.address"].string_value = "127.0.0.1:50000"
    fields["connection.mtls"].bool_value = False
    second.request_body.body = call.body
    second.request_body.end_of_stream = True
    return first.SerializeToString(), second.SerializeToString()
