"""An upstream that keeps every request as it arrived, header lines included.

It answers a JSON-RPC request with a tool result, a notification with 202, GET with 405 and DELETE
with 204: enough of an MCP server for clients to be content, and nothing that an SDK would hide.
"""

import contextlib
import json
import ssl
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from tests.support.certificates import Pair
from tests.support.http_server import Handler, serving


@dataclass(frozen=True)
class Seen:
    """One request as the upstream got it. Header names are in lower case, in the order sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    @property
    def names(self) -> set[str]:
        """The names of all headers."""
        return {name for name, _ in self.headers}


@dataclass
class Echo:
    """A running upstream; `sets` are headers of its answers, `status` theirs to requests."""

    url: str = ""
    sets: dict[str, str] = field(default_factory=dict[str, str])
    status: int = 200
    _seen: list[Seen] = field(default_factory=list[Seen])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seen(self) -> list[Seen]:
        """What arrived so far."""
        with self._lock:
            return list(self._seen)

    def take(self) -> list[Seen]:
        """What arrived since the last time."""
        with self._lock:
            taken, self._seen = self._seen, []
        return taken

    def keep(self, seen: Seen) -> None:
        """One more."""
        with self._lock:
            self._seen.append(seen)


@contextlib.contextmanager
def echo(*, tls: Pair | ssl.SSLContext | None = None, port: int = 0) -> Generator[Echo]:
    """An upstream for the length of the block, at `url`."""
    upstream = Echo()

    class Echoing(Handler):
        def do_POST(self) -> None:  # noqa: N802  http.server calls it
            message = self._note()
            ident = message.get("id")
            if ident is None:
                self.answer(202)
                return
            body = {"jsonrpc": "2.0", "id": ident, "result": _result(message)}
            self.answer(
                upstream.status,
                json.dumps(body).encode(),
                content_type="application/json",
                **upstream.sets,
            )

        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            self._note()
            self.answer(405)

        def do_DELETE(self) -> None:  # noqa: N802  http.server calls it
            self._note()
            self.answer(204)

        def _note(self) -> dict[str, Any]:
            body = self.body()
            lines = tuple((name.lower(), value) for name, value in self.headers.items())
            upstream.keep(Seen(self.command, self.path, lines, body))
            message: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
            return message

    with serving(Echoing, tls=tls, port=port) as address:
        scheme = "http" if tls is None else "https"
        upstream.url = f"{scheme}://{address}/mcp"
        yield upstream


def _result(message: dict[str, Any]) -> dict[str, Any]:
    match message.get("method"):
        case "initialize":
            version = message["params"]["protocolVersion"]
            info = {"name": "echo", "version": "1.0.0"}
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            return {"tools": []}
        case _:
            return {"content": [], "resultType": "complete"}
