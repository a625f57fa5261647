"""A replica of an MCP server with sessions that keeps every request it got and counts its sessions.

It repeats the session id on every response and answers unknown ones with a 404 of its own.
"""

import contextlib
import json
from collections.abc import Generator
from typing import Any

from tests.support.echo import Seen
from tests.support.raw_backend import RawBackend, Reply, raw_backend

OWN_NOT_FOUND = "no such session at this replica"
JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream")


class SessionReplica:
    """The behaviour of the replica `name`; its session ids are `name`-1, `name`-2, ..."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.live: set[str] = set()
        self.backend: RawBackend
        self._begun = 0

    @property
    def seen(self) -> list[Seen]:
        """Every request so far."""
        return list(self.backend.seen)

    def take(self) -> list[Seen]:
        """What arrived since the last time."""
        taken = list(self.backend.seen)
        del self.backend.seen[: len(taken)]
        return taken

    def answer(self, request: Seen) -> Reply:
        """What the replica says to a request."""
        message: dict[str, Any] = json.loads(request.body) if request.body else {}
        if message.get("method") == "initialize":
            self._begun += 1
            session = f"{self.name}-{self._begun}"
            self.live.add(session)
            return self._reply(session, message, _INITIALIZED)
        session = ",".join(request.all("mcp-session-id"))
        if session not in self.live:
            error = {"code": -32001, "message": OWN_NOT_FOUND}
            body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error})
            return Reply(404, [JSON], [body.encode()])
        return self._known(session, request, message)

    def _known(self, session: str, request: Seen, message: dict[str, Any]) -> Reply:
        repeated = ("mcp-session-id", session)
        match request.method:
            case "GET":
                event = b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n'
                return Reply(200, [EVENTS, repeated], [event])
            case "DELETE":
                self.live.discard(session)
                return Reply(204, [repeated])
            case _ if "method" in message and "id" in message:
                content = [{"type": "text", "text": self.name}]
                return self._reply(session, message, {"content": content})
            case _:
                return Reply(202, [repeated])

    def _reply(self, session: str, message: dict[str, Any], result: dict[str, Any]) -> Reply:
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        return Reply(200, [JSON, ("Mcp-Session-Id", session)], [body.encode()])


@contextlib.contextmanager
def session_replica(name: str, port: int = 0) -> Generator[SessionReplica]:
    """The running replica."""
    replica = SessionReplica(name)
    with raw_backend(replica.answer, port) as replica.backend:
        yield replica


_INITIALIZED: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "replica", "version": "1"},
}
