"""Requests as Anthropic's clients send them."""

import json
from typing import Any, Literal

from gateway.model.call import Call, Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Refusal
from gateway.protocols.anthropic import Anthropic
from gateway.protocols.anthropic.opening import AnthropicOpening
from gateway.protocols.base import Settings

BASE = "/anthropic"
LIMIT = 4 * 1024 * 1024
ORIGIN = "https://console.example"
MODEL = "claude-small-1"

Lines = tuple[tuple[str, str], ...]

JSON: Lines = (("content-type", "application/json"),)
SDK: Lines = (*JSON, ("anthropic-version", "2023-06-01"))


def plugin(
    usage: Literal["off", "json", "all"] = "off",
    aliases: dict[str, str] | None = None,
    limit: int = LIMIT,
    *,
    pooled: bool = False,
) -> Anthropic:
    """The plugin of a route."""
    return Anthropic.of(
        Settings(
            path=BASE,
            backend="models",
            body_limit=limit,
            origins=frozenset((ORIGIN.upper(),)),
            aliases=aliases or {},
            usage=usage,
            pooled=pooled,
        )
    )


def head(
    lines: Lines = SDK, method: str = "POST", path: str = "/v1/messages", base: str = BASE
) -> RequestHead:
    return RequestHead(method=method, path=base + path, headers=Headers(lines))


def opened(
    lines: Lines = SDK,
    method: str = "POST",
    path: str = "/v1/messages",
    using: Anthropic | None = None,
) -> AnthropicOpening:
    return (using or plugin()).open(head(lines, method, path))


def body(**members: Any) -> dict[str, Any]:
    """A body with everything that is required; a member that is `...` is left out."""
    usual = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    return {key: value for key, value in (usual | members).items() if value is not ...}


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def deframe(path: str = "/v1/messages", **members: Any) -> Deframed | Refusal:
    return opened(path=path).deframe(encode(body(**members)))


def call(path: str = "/v1/messages", **members: Any) -> Call:
    """The call of a body that goes on untouched."""
    found = deframe(path, **members)
    assert isinstance(found, Deframed), found
    assert found.body is None
    return found.calls[0]


def attributes(path: str = "/v1/messages", **members: Any) -> dict[str, Any]:
    return dict(call(path, **members).attributes)


def refusal(path: str = "/v1/messages", **members: Any) -> Refusal:
    found = deframe(path, **members)
    assert isinstance(found, Refusal), found
    return found


def content(*blocks: Any, role: str = "user") -> list[dict[str, Any]]:
    """Messages: one with these blocks."""
    return [{"role": role, "content": list(blocks)}]
