"""Gateways for requests that real clients would not send: before three real MCP servers, which
tell what they ran, and before a server that keeps every byte it gets.
"""

import contextlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.cases.hazard import BASIC, DELETE, ECHO
from tests.support.backends import Backend, python_backend, typescript_backend
from tests.support.gatehouse import KEY, RECORD_SECONDS, Gateway, allow, gatehouse, gateway_config
from tests.support.wire import Capture, Connection, Lines, Message, capturing, connected, request

SERVERS = ("python", "stateless", "typescript")
MODES = ("buffered", "duplex")
REVISION = "2025-11-25"
POLICY = {
    "apiVersion": "gatehouse.dev/v1",
    "kind": "AccessPolicy",
    "metadata": {"name": "hazards"},
    "spec": {
        "targets": [{"backend": name} for name in SERVERS],
        "rules": [
            {"name": "not-delete", "effect": "deny", "tools": ["delete"]},
            {"name": "echo", "effect": "allow", "tools": ["echo", "whoami"]},
        ],
    },
}


@dataclass
class Stage:
    """One gateway with a route in each mode to each server."""

    gateway: Gateway
    backends: dict[str, Backend]
    admin: Connection
    audit: IO[str]
    connections: dict[str, Connection] = field(default_factory=dict[str, Connection])
    sessions: dict[str, tuple[tuple[str, str], ...]] = field(
        default_factory=dict[str, tuple[tuple[str, str], ...]]
    )
    lines: list[str] = field(default_factory=list[str])
    unfinished: str = ""
    sent: int = 0

    def post(self, route: str, lines: Lines, body: bytes) -> Message:
        """POSTs `body`, with its length."""
        return self.send(route, request("POST", f"/{route}", (("x-api-key", KEY), *lines), body))

    def send(self, route: str, data: bytes) -> Message:
        """Sends on the route's connection, or on a new one after Envoy has closed that."""
        answer = self._asked(route, data)
        if answer is None:
            self.close(route)
            answer = self._asked(route, data)
        assert answer is not None, "the connection was closed"
        self.sent += 1
        if "close" in answer.all("connection"):
            self.close(route)
        return answer

    def _asked(self, route: str, data: bytes) -> Message | None:
        if route not in self.connections:
            self.connections[route] = Connection(self.gateway.url(route))
        self.connections[route].send(data)
        return self.connections[route].reply()

    def close(self, route: str) -> None:
        """Drops the route's connection, if there is one."""
        if (connection := self.connections.pop(route, None)) is not None:
            connection.close()

    def end(self) -> None:
        """Closes every connection of a route."""
        for route in list(self.connections):
            self.close(route)

    def session(self, route: str) -> tuple[tuple[str, str], ...]:
        """The headers of a legacy client with a session of its own; none where the server has
        no sessions."""
        if route not in self.sessions:
            self.sessions[route] = self._initialised(route)
        return self.sessions[route]

    def _initialised(self, route: str) -> tuple[tuple[str, str], ...]:
        client = {"name": "c", "version": "1"}
        params = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": client}
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        answer = self.post(route, BASIC, json.dumps(hello).encode())
        assert answer.status == 200, answer
        headers = [("mcp-protocol-version", REVISION)]
        headers += [("mcp-session-id", token) for token in answer.all("mcp-session-id")]
        initialised = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
        assert self.post(route, [*BASIC, *headers], initialised).status == 202
        return tuple(headers)

    def forwarded(self, server: str) -> int:
        """How many requests Envoy has sent to a server."""
        name = f"cluster.{server}.upstream_rq_total"
        answer = self.admin.ask(request("GET", f"/stats?filter=^{name}$"))
        return int(answer.body.decode().removeprefix(f"{name}: "))

    def last_record(self) -> dict[str, Any]:
        """The record of the last request that the service answered or let go on.

        Each of those has exactly one, and they come in order. Requests that break off have one
        only if the service has heard of them.
        """
        deadline = time.monotonic() + RECORD_SECONDS
        while len(self.lines) < self.sent:
            self._read_records()
            assert time.monotonic() < deadline, "a request without a record"
            time.sleep(0.002)
        assert len(self.lines) == self.sent
        record: dict[str, Any] = json.loads(self.lines[-1])
        return record

    def _read_records(self) -> None:
        *whole, self.unfinished = (self.unfinished + self.audit.read()).split("\n")
        self.lines += [line for line in whole if '"abandoned"' not in line]

    def forget(self) -> None:
        """Forgets what the servers have run, once everything that was sent has ended."""
        self.last_record()
        for backend in self.backends.values():
            backend.forget()


@contextlib.contextmanager
def staged(folder: Path) -> Generator[Stage]:
    """A stage for the length of the block: routes SERVER-MODE, and `batches` to the Node server."""
    with (
        python_backend(folder, "python") as python,
        python_backend(folder, "stateless", stateless=True) as stateless,
        typescript_backend(folder, "typescript") as typescript,
    ):
        backends = {"python": python, "stateless": stateless, "typescript": typescript}
        urls = {name: [backend.url] for name, backend in backends.items()}
        routes = [
            {"name": f"{name}-{mode}", "path": f"/{name}-{mode}", "mode": mode}
            | {"protocol": "mcp", "backend": name}
            for name in urls
            for mode in MODES
        ]
        batches = {
            "name": "batches",
            "path": "/batches",
            "protocol": "mcp",
            "backend": "typescript",
            "batches": True,
        }
        config = gateway_config(urls, folder, routes=[*routes, batches])
        with (
            gatehouse(folder, config=config, policies=[POLICY]) as gateway,
            connected(f"http://{config['service']['envoy_admin']}") as admin,
            Path(config["record"]["path"]).open() as audit,
        ):
            stage = Stage(gateway, backends, admin, audit)
            yield stage
            stage.end()


ANSWER: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
CALL = ECHO.replace("@META@", "").encode()
FORBIDDEN = DELETE.replace("@META@", "").encode()
USUAL: Lines = (("x-api-key", KEY), *BASIC)


@dataclass
class Tap:
    """One gateway with a route in each mode to a server that keeps what it gets."""

    gateway: Gateway
    upstream: Capture

    def ask(self, data: bytes) -> Message:
        """The first reply to these bytes."""
        with connected(self.gateway.url("buffered")) as connection:
            return connection.ask(data)

    def arrived(self, mode: str, body: bytes, lines: Lines = USUAL) -> Message:
        """What reaches the server of an allowed request."""
        self.upstream.take()
        answer = self.ask(request("POST", f"/{mode}", lines, body))
        assert (answer.status, answer.json()) == (200, ANSWER), answer
        (message,) = self.upstream.take()
        assert message.path == "/mcp"
        return message

    def refused(self, data: bytes) -> Message:
        """The reply to something of which nothing reaches the server."""
        self.upstream.take()
        answer = self.ask(data)
        assert self.upstream.take() == []
        return answer


@contextlib.contextmanager
def tapped(folder: Path) -> Generator[Tap]:
    """A tap for the length of the block: routes /buffered and /duplex."""
    routes = [
        {"name": mode, "path": f"/{mode}", "mode": mode, "protocol": "mcp", "backend": "capture"}
        for mode in MODES
    ]
    policies = [allow(backend="capture", tools=["echo"])]
    with (
        capturing(ANSWER) as upstream,
        gatehouse(
            folder, backends={"capture": [upstream.url]}, policies=policies, routes=routes
        ) as gateway,
    ):
        yield Tap(gateway, upstream)
