"""Asks one model server what it is, as the gateway would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gateway.config.addresses import Address, parse_address
from gateway.model.jsonvalue import JsonObject, JsonValue

SECONDS: Final = 10.0
MAX_BYTES: Final = 4 * 1024 * 1024
OK: Final = 200


class AskError(Exception):
    """No answer that can be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its body, and the seconds that it took."""

    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelServer:
    """One server. `base` is where its OpenAI API begins, without a slash at the end, `metrics`
    where it tells its metrics ("" for nowhere). Headers may hold credentials. `verify` is for
    TLS."""

    base: str
    metrics: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    metrics_headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    verify: Any = True

    def ask_metrics(self) -> Told:
        """Raises AskError."""
        return self._ask("GET", self.metrics, self.metrics_headers, None)

    def models(self) -> tuple[str, ...]:
        """The names that it serves. Raises AskError."""
        data = _json(self._ask("GET", f"{self.base}/models", self.headers, None)).get("data")
        if not isinstance(data, list):
            raise AskError("GET /models answers no list of models")
        named = (one.get("id") for one in data if isinstance(one, dict))
        return tuple(name for name in named if isinstance(name, str) and name)

    def complete(self, model: str, prompt: str) -> JsonObject:
        """The answer to a chat completion of one token. Raises AskError."""
        body: JsonObject = {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 1,
        }
        return _json(self._ask("POST", f"{self.base}/chat/completions", self.headers, body))

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: JsonObject | None
    ) -> Told:
        began = time.monotonic()
        try:
            with (
                httpx.Client(timeout=SECONDS, verify=self.verify, trust_env=False) as client,
                client.stream(method, url, headers=headers, json=body) as answer,
            ):
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > MAX_BYTES or time.monotonic() - began > SECONDS:
                        raise AskError(f"{method} {_path(url)} does not end")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            what = str(error) or type(error).__name__
            raise AskError(f"{method} {_path(url)}: {what}") from error
        if answer.status_code != OK:
            raise AskError(f"{method} {_path(url)} answers {answer.status_code}")
        return Told(bytes(data), time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """The URL of a model server: its address, and the path at which its API begins, such as /v1."""

    address: Address
    path: str

    @property
    def base(self) -> str:
        """Where its OpenAI API begins, without a slash at the end."""
        return f"http://{self.address}{self.path}"

    @property
    def metrics(self) -> str:
        """Where such servers tell their metrics."""
        return f"http://{self.address}/metrics"


def parse_url(text: str) -> ServerUrl:
    """`http://host:port`, with `/v1` or another path behind it or without; host:port is enough.
    Raises ValueError."""
    whole = text if "//" in text else f"http://{text}"
    try:
        parts = urlsplit(whole)
        port = parts.port or 80
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if parts.scheme != "http":
        raise ValueError(f"{text!r}: want http://host:port; a pool with `tls` needs a gateway.yaml")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{text!r}: want http://host:port, and a path at most")
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    address = parse_address(f"{host}:{port}")
    if address is None:
        raise ValueError(f"{text!r} names no host and port")
    return ServerUrl(address, parts.path.rstrip("/") or "/v1")


def _json(told: Told) -> JsonObject:
    try:
        value: JsonValue = httpx.Response(OK, content=told.body).json()
    except ValueError as error:
        raise AskError("the answer is no JSON") from error
    if not isinstance(value, dict):
        raise AskError("the answer is no JSON object")
    return value


def _path(url: str) -> str:
    return urlsplit(url).path
