"""A gateway before what looks like Anthropic's servers, for tests with the official SDK."""

import contextlib
import itertools
import json
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import httpx
from anthropic.types import MessageParam

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, gatehouse, gateway_config, policy
from tests.support.ports import free_port
from tests.support.raw_backend import RawBackend, Reply, raw_backend

SMALL = "claude-small-1"
SMALL_ONES = "claude-small-*"
LARGE = "claude-large-1"
HIDDEN = "claude-secret-1"
ALIAS = "claude"
UPSTREAM = "/api"
OWN_KEY = "upstream-key-0815"
BODY_LIMIT = 4096
MOST = 1000
HELLO: list[MessageParam] = [{"role": "user", "content": "Say hello."}]

JSON = [("content-type", "application/json")]
EVENTS = [("content-type", "text/event-stream; charset=utf-8")]
INPUT = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "output_tokens": 1,
}
COST = {
    "input": 327,
    "output": 42,
    "cached": 300,
    "reasoning": 0,
    "model": "claude-small-1-20260801",
    "finish": "end_turn",
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-small-1-20260801",
    "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": INPUT | {"output_tokens": 42},
}


def event(kind: str, **members: Any) -> bytes:
    """An event of a stream."""
    data = json.dumps({"type": kind, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


STREAM = (
    event(
        "message_start",
        message=MESSAGE | {"content": [], "stop_reason": None, "usage": INPUT},
    ),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("ping"),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hel"}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "lo!"}),
    event("content_block_stop", index=0),
    event(
        "message_delta",
        delta={"stop_reason": "end_turn", "stop_sequence": None},
        usage={"output_tokens": 42},
    ),
    event("message_stop"),
)


def info(name: str) -> dict[str, Any]:
    """A model as the API lists it."""
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2026-08-01T00:00:00Z",
        "lifecycle": "active",
    }


def answer(seen: Seen) -> Reply:
    """What Anthropic's servers answer."""
    path = seen.path.partition("?")[0].removeprefix(UPSTREAM)
    if path == "/v1/models":
        page = {"data": [info(HIDDEN), info(SMALL), info(LARGE), info(f"{HIDDEN}b")]}
        page |= {"has_more": False, "first_id": HIDDEN, "last_id": f"{HIDDEN}b"}
        return Reply(200, JSON, [json.dumps(page).encode()])
    if path.startswith("/v1/models/"):
        return Reply(200, JSON, [json.dumps(info(path.rpartition("/")[2])).encode()])
    if path == "/v1/messages/count_tokens":
        return Reply(200, JSON, [b'{"input_tokens": 12}'])
    if json.loads(seen.body).get("stream"):
        return Reply(200, EVENTS, STREAM)
    return Reply(200, JSON, [json.dumps(MESSAGE).encode()])


NUMBERS = itertools.count(100)


def fresh() -> str:
    """A model that no other test asks for."""
    return SMALL_ONES.replace("*", str(next(NUMBERS)))


def message(**members: Any) -> bytes:
    """A body of v1/messages that is allowed."""
    return json.dumps({"model": SMALL, "max_tokens": MOST, "messages": HELLO} | members).encode()


@dataclass
class Stage:
    """A gateway with the routes `claude` (which reads all usage), `json` (that of JSON only),
    `blind` (none), `duplex`, `small` (which takes small bodies) and `down` (whose backend is).

    The tester may use SMALL and its alias with at most MOST tokens, and LARGE for anything but
    tools.
    """

    gateway: Gateway
    upstream: RawBackend
    clients: list[anthropic.Anthropic] = field(default_factory=list[anthropic.Anthropic])

    def client(self, route: str = "claude", **options: Any) -> anthropic.Anthropic:
        """The official SDK, with its usual two retries. What it takes as its own key it sends as a
        bearer token, so the gateway's goes into a header."""
        given: dict[str, Any] = {"api_key": "client-secret", "default_headers": {"x-api-key": KEY}}
        client = anthropic.Anthropic(base_url=self.gateway.url(route), **(given | options))
        self.clients.append(client)
        return client

    def counting(self, route: str = "claude") -> tuple[anthropic.Anthropic, list[object]]:
        """The SDK, and a list that gets an entry for each HTTP request that it sends."""
        sent: list[object] = []
        http = anthropic.DefaultHttpxClient(event_hooks={"request": [sent.append]})
        return self.client(route, http_client=http), sent

    def post(self, body: bytes, route: str = "claude", **headers: str) -> httpx.Response:
        """A POST of any bytes to v1/messages."""
        lines = {"x-api-key": KEY, "content-type": "application/json"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.gateway.url(route)}/v1/messages"
        return httpx.post(url, content=body, headers=lines)

    def record(self, audit_id: str) -> dict[str, Any]:
        """The one record of a request."""
        (found,) = self.gateway.wait_for_records(1, audit_id=audit_id)
        return found

    def record_of(self, model: str) -> dict[str, Any]:
        """The one record of a request to a model that no other test asks for."""
        (found,) = self.gateway.wait_for_records(1, target=model)
        return found


@contextlib.contextmanager
def staged(folder: Path) -> Generator[Stage]:
    """The stage for the length of the block."""
    with raw_backend(answer) as upstream:
        config = gateway_config({}, folder)
        config["backends"] = [
            {
                "name": "models",
                "endpoints": [upstream.address],
                "path": UPSTREAM,
                "auth": {"header": "x-api-key", "value": OWN_KEY},
            },
            {"name": "gone", "endpoints": [f"127.0.0.1:{free_port()}"]},
        ]
        config["routes"] = [
            _route("claude", usage="all", aliases={ALIAS: SMALL}),
            _route("json", usage="json"),
            _route("blind"),
            _route("duplex", usage="all", mode="duplex", aliases={ALIAS: SMALL}),
            _route("small", body_limit=BODY_LIMIT),
            _route("down", backend="gone", usage="json"),
        ]
        rules = [
            {
                "name": "small",
                "effect": "allow",
                "models": [SMALL_ONES, ALIAS],
                "when": f"llm.max_tokens <= {MOST}",
            },
            {
                "name": "count",
                "effect": "allow",
                "methods": ["messages/count_tokens", "models/get"],
                "models": [SMALL],
            },
            {
                "name": "large-without-tools",
                "effect": "allow",
                "models": [LARGE],
                "when": "size(llm.tools) == 0 && size(llm.mcp_urls) == 0",
            },
        ]
        policies = [policy("models", "models", *rules), policy("gone", "gone", rules[0])]
        with gatehouse(folder, config=config, policies=policies) as gateway:
            yield Stage(gateway, upstream)


def _route(name: str, **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"/{name}",
        "protocol": "anthropic",
        "backend": "models",
        **members,
    }
