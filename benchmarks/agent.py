"""A message to an agent as it is measured: SendMessage of A2A 1.0 over JSON-RPC, and its answer."""

import json
from dataclasses import dataclass
from typing import Final

from benchmarks.messages import KEY_HEADER, JsonRpcCall

PATH: Final = "/agent"
TEXT_BYTES: Final = 800


@dataclass(frozen=True, slots=True)
class AgentCall(JsonRpcCall):
    """A message of about 1 KB of JSON."""

    @property
    def body(self) -> bytes:
        """The body."""
        message = {
            "messageId": "5d3f6f0e-7c33-4f1c-9f0a-2d8e3a4b5c6d",
            "role": "ROLE_USER",
            "parts": [{"text": ("lorem ipsum " * 80)[:TEXT_BYTES]}],
        }
        call = {"jsonrpc": "2.0", "id": 7, "method": "SendMessage", "params": {"message": message}}
        return json.dumps(call, separators=(",", ":")).encode()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What a client of this version sends."""
        return (
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("user-agent", "benchmark/1"),
            ("a2a-version", "1.0"),
            KEY_HEADER,
        )


def answer() -> bytes:
    """The answer: a message."""
    message = {
        "messageId": "0f9a2d8e-7c33-4f1c-9f0a-5d3f6f0e5c6d",
        "role": "ROLE_AGENT",
        "parts": [{"text": "done " * 40}],
    }
    return json.dumps({"jsonrpc": "2.0", "id": 7, "result": {"message": message}}).encode()
