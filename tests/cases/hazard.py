"""What a row of the hazard table says, and how its request is made."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.wire import Lines

MODERN = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
META: dict[str, Any] = {VERSION_KEY: MODERN, "io.modelcontextprotocol/clientCapabilities": {}}

BODY_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Refused:
    """The gateway answers. `ident` is the id in the answer, None when there is none."""

    status: int
    code: int
    ident: Any = None
    reason: str = ""


@dataclass(frozen=True)
class Runs:
    """The server runs `echo` with these arguments."""

    arguments: dict[str, Any] = field(default_factory=lambda: {"n": 1})
    ident: Any = 1


@dataclass(frozen=True)
class Declined:
    """The gateway allows the call and the server refuses it."""

    status: int


End = Refused | Runs | Declined


@dataclass(frozen=True)
class Row:
    """One hostile request.

    `text` is the body, with @META@ where a modern client puts `_meta`; `encode` makes its bytes.
    `lines` are sent besides the usual headers, or instead of those of the same name; a value of
    None takes a header away. `named` is what a modern client writes into Mcp-Name. `modern` is the
    end of a modern request and `node` that at a server on Node, where they differ. `eras` is where
    the row applies.
    """

    name: str
    text: str
    end: End
    lines: tuple[tuple[str, str | None], ...] = ()
    encode: Callable[[str], bytes] = str.encode
    named: str = "echo"
    modern: End | None = None
    node: End | None = None
    eras: tuple[str, ...] = ("legacy", "modern")

    def end_of(self, era: str, *, node: bool) -> End:
        """How the row ends for a client of this era, at a server on Node or at another."""
        return (self.modern if era == "modern" else self.node if node else None) or self.end

    def body(self, era: str) -> bytes:
        """The body that a client of this era sends."""
        meta = f',"_meta":{json.dumps(META)}' if era == "modern" else ""
        return self.encode(self.text.replace("@META@", meta))

    def headers(self, era: str, usual: Lines) -> list[tuple[str, str]]:
        """The headers that a client of this era sends; `usual` are those of any of its requests."""
        modern = (
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "tools/call"),
            ("mcp-name", self.named),
        )
        mine = {name.lower() for name, _ in self.lines}
        every = (*BASIC, *usual, *(modern if era == "modern" else ()))
        kept = [(name, value) for name, value in every if name not in mine]
        return kept + [(name, value) for name, value in self.lines if value is not None]


BASIC = (
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
)


def call(
    params: str = '"name":"echo","arguments":{"n":1}',
    *,
    ident: str | None = "1",
    method: str = '"method":"tools/call"',
    more: str = "",
) -> str:
    """The text of a tools/call, each part as JSON text."""
    own = "" if ident is None else f'"id":{ident},'
    return f'{{"jsonrpc":"2.0",{own}{method},"params":{{{params}@META@}}{more}}}'


def arguments(text: str) -> str:
    """The text of a call of `echo` with these arguments."""
    return call(f'"name":"echo","arguments":{text}')


def lines(*pairs: tuple[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    """Header lines of a row."""
    return pairs


def encoded(codec: str) -> Callable[[str], bytes]:
    """Encodes a body in another way than UTF-8."""
    return lambda text: text.encode(codec)


def replaced(mark: str, raw: bytes) -> Callable[[str], bytes]:
    """Puts bytes that are no text into a body."""
    return lambda text: text.encode().replace(mark.encode(), raw)


def gzipped(text: str) -> bytes:
    """A body under gzip."""
    return gzip.compress(text.encode(), mtime=0)


ECHO, DELETE = call(), call('"name":"delete","arguments":{"n":1}')
BOTH = '"name":"echo","arguments":{"n":1},"name":"delete"'

PARSE = Refused(400, -32700, reason="parse_error")
INVALID = Refused(400, -32600, reason="invalid_request")
INVALID_1 = Refused(400, -32600, 1, "invalid_request")
PARAMS = Refused(400, -32602, 1, "invalid_params")
MISMATCH = Refused(400, -32020, 1, "header_mismatch")
NO_ID = Refused(400, -32020, reason="header_mismatch")
MEDIA = Refused(415, -32600, reason="unsupported_media")
LARGE = Refused(413, -31413, reason="too_large")
DENIED = Refused(200, -31403, 1, "denied")
