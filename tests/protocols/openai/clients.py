"""Requests as clients of OpenAI send them."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import httpx

from gateway.model.call import Call, Deframed
from gateway.model.head import Headers, RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.base import Settings
from gateway.protocols.openai import OpenAi
from gateway.protocols.openai.opening import OpenAiOpening

LIMIT = 1 << 20
ORIGIN = "https://console.example"
ALIASES = {"fast": "demo-small", "näh": "demo/é"}

Lines = tuple[tuple[str, str], ...]
JSON: Lines = (("content-type", "application/json"),)
TYPE = "multipart/form-data; boundary=b0"
FORM: Lines = (("content-type", TYPE),)

USER = {"role": "user", "content": "hello"}


def openai(
    usage: Literal["off", "json", "all"] = "off",
    aliases: Mapping[str, str] = ALIASES,
    *,
    pooled: bool = False,
) -> OpenAi:
    settings = Settings(
        "/v1",
        "models",
        LIMIT,
        origins=frozenset([ORIGIN]),
        aliases=aliases,
        usage=usage,
        pooled=pooled,
    )
    return OpenAi.of(settings)


def head(path: str, lines: Lines = JSON, method: str = "POST") -> RequestHead:
    return RequestHead(method=method, path=f"/v1/{path}", headers=Headers(lines))


def encode(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def opened(
    path: str,
    body: Any,
    lines: Lines = JSON,
    usage: Literal["off", "json", "all"] = "off",
) -> tuple[OpenAiOpening, Deframed | Refusal]:
    opening = openai(usage).open(head(path, lines))
    return opening, opening.deframe(encode(body))


def deframe(path: str, body: Any, lines: Lines = JSON) -> Deframed | Refusal:
    return opened(path, body, lines)[1]


def call(path: str, body: Any, lines: Lines = JSON) -> Call:
    deframed = deframe(path, body, lines)
    assert isinstance(deframed, Deframed), deframed
    (one,) = deframed.calls
    return one


def get(path: str, method: str = "GET", lines: Lines = ()) -> Deframed | Refusal:
    return openai().open(head(path, lines, method)).deframe(b"")


def reason(result: Deframed | Refusal) -> Reason | None:
    return result.reason if isinstance(result, Refusal) else None


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "demo-small", "messages": [USER], **more}


def form(
    files: Mapping[str, tuple[str, bytes, str]] | None = None, **data: Any
) -> tuple[bytes, Lines]:
    """A form as httpx writes it, as the SDK's does."""
    parts = [(name, (None, value.encode())) for name, value in data.items()]
    request = httpx.Request("POST", "http://x/", files=[*parts, *(files or {}).items()])
    return request.read(), (("content-type", request.headers["content-type"]),)
