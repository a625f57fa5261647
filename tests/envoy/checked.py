"""A gateway on which every request can be sent to a route in mode `check` and to one in mode
`buffered`, to see whether both decide the same.
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cases.hazard import BODY_LIMIT
from tests.envoy.test_identity_methods import jwt_authn
from tests.support.certificates import Authority, Pair
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, key_entry, policy
from tests.support.messages import modern_call
from tests.support.patched_envoy import patched_envoy
from tests.support.ports import free_port
from tests.support.tls import client_context
from tests.support.token_issuer import TokenIssuer, token_issuer
from tests.support.wire import Capture, Message, capturing, connected

AUDIENCE = "https://gateway.example/tracker"
AGENT = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"
OTHER = "spiffe://cluster.local/ns/github-agents/sa/other"
HOP = "spiffe://cluster.local/ns/mesh/sa/ingress"
JWT_AUTHN = "envoy.filters.http.jwt_authn"
MODES = ("buffered", "check")
OTHERS = ("openai", "anthropic", "a2a")
VERSIONS: dict[str, dict[str, str]] = {
    "openai": {},
    "anthropic": {"anthropic-version": "2023-06-01"},
    "a2a": {"a2a-version": "1.0"},
}
LIMIT = BODY_LIMIT
RESULT: dict[str, Any] = {"content": [], "resultType": "complete"}


@dataclass(frozen=True)
class Decision:
    """What became of a request: the answer's status, its JSON-RPC error without what differs each
    time, its challenge, and what reached the backend."""

    status: int
    code: int | None
    reason: str | None
    ident: Any
    challenge: tuple[str, ...]
    arrived: tuple[tuple[tuple[tuple[str, str], ...], bytes], ...]


@dataclass(frozen=True)
class Stage:
    """A gateway with the routes MODE to one MCP server, down-MODE to one that is down, and
    PROTOCOL-MODE for the other protocols, all at one upstream that keeps what it gets. Listeners:
    `main` (keys and tokens), `mesh` (certificates, and XFCC from HOP), `optional` (certificates or
    nobody), `verified` and `deaf` (jwt_authn before us, named and not)."""

    gateway: Gateway
    upstream: Capture
    issuer: TokenIssuer
    authority: Authority

    def decide(self, data: bytes) -> Decision:
        """Sends the bytes of a request to the listener `main`."""
        self.upstream.take()
        with connected(self.gateway.ready["listeners"]["main"]) as connection:
            return self._decision(connection.ask(data))

    def _decision(self, answer: Message) -> Decision:
        body: dict[str, Any] = answer.json()
        error: dict[str, Any] = body.get("error", {})
        return Decision(
            answer.status,
            error.get("code"),
            error.get("data", {}).get("reason"),
            body.get("id", "none"),
            tuple(line.replace("/check", "/MODE").replace("/buffered", "/MODE")
                  for line in answer.all("www-authenticate")),
            tuple((_comparable(one), one.body) for one in self.upstream.take()),
        )  # fmt: skip

    def call(
        self,
        mode: str,
        listener: str,
        pair: Pair | None = None,
        tool: str = "echo",
        lines: list[tuple[str, str]] | None = None,
    ) -> httpx.Response:
        """A tool call on `listener` as the holder of `pair`."""
        sent = modern_call(tool)
        sent["headers"] = [*sent["headers"].items(), *(lines or [])]
        url = f"{self.gateway.ready['listeners'][listener]}/{mode}"
        with httpx.Client(verify=client_context(self.authority.ca, pair)) as client:
            return client.post(url, **sent)

    def answer(
        self, mode: str, protocol: str, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, list[tuple[str, str]], str]:
        """Status, headers and body of the answer to the tester, without what is never the same."""
        answer = httpx.request(
            method,
            f"{self.gateway.ready['listeners']['main']}/{protocol}-{mode}{path}",
            content=body,
            headers={"x-api-key": KEY, "content-type": "application/json", **VERSIONS[protocol]},
        )
        audit_id = answer.headers.get("x-gatehouse-audit-id", "-")
        lines = [
            (name, value.replace(audit_id, "ID"))
            for name, value in answer.headers.items()
            if name not in {"date", "connection"}
        ]
        return answer.status_code, sorted(lines), answer.text.replace(audit_id, "ID")

    def post(self, sent: dict[str, Any], route: str = "check") -> httpx.Response:
        """A request with the tester's key."""
        return httpx.post(
            f"{self.gateway.ready['listeners']['main']}/{route}",
            **(sent | {"headers": {"x-api-key": KEY} | sent["headers"]}),
        )

    def recorded(self, answer: httpx.Response) -> dict[str, Any]:
        """The one record of a refused request."""
        audit_id = answer.headers["x-gatehouse-audit-id"]
        (record,) = self.gateway.wait_for_records(1, audit_id=audit_id)
        return record

    def token(self, subject: str = "alice", **claims: Any) -> tuple[str, str]:
        """An authorization header."""
        return "authorization", f"Bearer {self.issuer.token(AUDIENCE, subject, **claims)}"


def _comparable(message: Message) -> tuple[tuple[str, str], ...]:
    """The header lines that a request's bytes and the verdict on it decide."""
    own = {"x-request-id", "host", "x-forwarded-for", "x-forwarded-proto"}
    return tuple(sorted(line for line in message.lines if line[0] not in own))


@contextlib.contextmanager
def staged(folder: Path) -> Generator[Stage]:
    """The stage for the length of the block."""
    authority = Authority(folder)
    server = authority.server("127.0.0.1")
    tls = {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "client_ca": str(authority.ca),
    }
    with (
        capturing({"jsonrpc": "2.0", "id": 1, "result": RESULT}) as upstream,
        token_issuer() as issuer,
    ):
        trusted = {"issuer": issuer.issuer, "audiences": [AUDIENCE], "jwks_url": issuer.jwks_url}
        filters = {name: jwt_authn(issuer) for name in ("verified", "deaf")}
        with gatehouse(
            folder / "gateway",
            backends={
                "tracker": [upstream.url],
                "down": [f"http://127.0.0.1:{free_port()}/mcp"],
                **{name: [upstream.url] for name in OTHERS},
            },
            policies=[*policies(issuer), allow("down", "down", tools=["echo"]), *of_others()],
            routes=[
                *routes("tracker"),
                *routes("down", "down-"),
                *(one for name in OTHERS for one in routes(name, f"{name}-", protocol=name)),
            ],
            listeners=[
                listener("main", accept=["key", "jwt"]),
                listener("mesh", tls=tls, accept=["xfcc", "spiffe"], xfcc_from=[HOP]),
                listener(
                    "optional",
                    tls={**tls, "client_certificate": "optional"},
                    accept=["spiffe", "anonymous"],
                ),
                listener("verified", accept=["metadata"], metadata_namespaces=[JWT_AUTHN]),
                listener("deaf", accept=["metadata"], metadata_namespaces=["another"]),
            ],
            identity={"keys": [key_entry("tester", KEY)], "jwt": [trusted]},
            env={"ENVOY": str(patched_envoy(folder, filters))},
        ) as gateway:
            yield Stage(gateway, upstream, issuer, authority)


def policies(issuer: TokenIssuer) -> list[dict[str, Any]]:
    users = f"jwt:{issuer.issuer}#*"
    return [
        policy(
            "tracker",
            "tracker",
            {"name": "own", "effect": "deny", "when": "mcp.arguments.owner == 'evil'"}
            | {"tools": ["get_issue"]},
            {"name": "echo", "effect": "allow", "tools": ["echo", "get_issue"]}
            | {"principals": ["key:tester", users, AGENT, f"metadata:{JWT_AUTHN}#*"]},
            {"name": "team", "effect": "allow", "tools": ["close"], "principals": [users]}
            | {"when": "principal.claims.team == 'core'"},
            {"name": "scoped", "effect": "allow", "tools": ["delete"], "principals": [users]}
            | {"scopes": ["issues:write"]},
            {"name": "watch", "effect": "allow", "methods": ["subscriptions/listen"]}
            | {"principals": ["key:tester"]},
        )
    ]


def of_others() -> list[dict[str, Any]]:
    mine = {"principals": ["key:tester"]}
    return [
        allow("openai", "openai", models=["good"], **mine),
        allow("anthropic", "anthropic", models=["good"], **mine),
        allow("a2a", "a2a", methods=["SendMessage", "GetAgentCard"], **mine),
    ]


def routes(backend: str, prefix: str = "", protocol: str = "mcp") -> list[dict[str, Any]]:
    return [
        {"name": prefix + mode, "path": f"/{prefix}{mode}", "mode": mode, "body_limit": LIMIT}
        | {"protocol": protocol, "backend": backend}
        for mode in MODES
    ]


def listener(name: str, tls: dict[str, str] | None = None, **identity: Any) -> dict[str, Any]:
    secured = {"tls": tls} if tls else {}
    return {"name": name, "port": free_port(), "identity": identity, **secured}
