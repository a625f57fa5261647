"""A snapshot with a judged and an unjudged route, and requests for it."""

import os
from dataclasses import replace
from typing import Any

from gateway.config.wiring import Wiring
from gateway.model.head import Peer, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.sessions.seal import Sealer
from gateway.sessions.session_id import BoundSession, seal_session
from tests.identity.issuer import ISSUER, NOW, claims, key_sets, request, token
from tests.identity.issuer import rules as listener_rules
from tests.policy.documents import rules
from tests.protocols.mcp.clients import CALL, META, Lines, batching, encode, modern_lines, rpc

LIMIT = 10_000
ROUTED, OPEN = "mcp:triage@tracker", "unjudged:open@tracker"
SCOPES = ("issues:read", "issues:write")
ROUTE = RouteStage("triage", "/mcp", None, "tracker", batching, LIMIT, SCOPES)
UNJUDGED = RouteStage("open", "/open", None, "tracker", None, LIMIT)
WIRING = Wiring("agents", "buffered", override=True, timeout=6.0)
ALICE = Principal(PrincipalKind.JWT, ISSUER, "alice")
BOB = Principal(PrincipalKind.JWT, ISSUER, "bob")
TTL = 100.0
SEALER = Sealer([os.urandom(32)], TTL)
OWN = f"principals: ['{ALICE.id}', '{BOB.id}']"
POLICIES = rules(
    f"name: never, effect: deny, tools: [drop_*], reason: nothing is dropped, {OWN}",
    f"name: later, effect: deny, tools: [get_issue], mode: shadow, {OWN}",
    f"name: read, effect: allow, tools: [get_issue], {OWN}",
    f"name: secret, effect: allow, tools: [get_secret], scopes: ['issues:read'], {OWN}",
    f"name: write, effect: allow, tools: [close_issue], scopes: ['issues:write'], {OWN}",
    f"name: open, effect: allow, resources: ['file:///open/*'], {OWN}",
    f"name: watch, effect: allow, methods: ['subscriptions/listen'], {OWN}",
)
CALLED = rpc("tools/call", CALL, 7)
LISTEN: Lines = (("mcp-protocol-version", "2025-11-25"), ("accept", "text/event-stream"))


def snapshot(**changes: Any) -> Snapshot:
    """One with a judged and an unjudged route; clients have tokens of the test's issuer."""
    made = Snapshot(
        4,
        "digest",
        {ROUTED: ROUTE, OPEN: UNJUDGED},
        {"agents": listener_rules("jwt")},
        POLICIES,
        key_sets(),
        SEALER,
        authorization_servers=(ISSUER,),
    )
    return replace(made, **changes)


def asked(
    *lines: tuple[str, str],
    method: str = "POST",
    route: str = ROUTED,
    subject: str | None = "alice",
    scope: str | None = None,
) -> RequestHead:
    """The head of a request with a token of `subject`, None: without any."""
    bearer: Lines = ()
    if subject is not None:
        bearer = (("authorization", f"Bearer {token(claims(sub=subject, scope=scope))}"),)
    head = request(*bearer, *lines, route=route)
    return replace(head, method=method, peer=Peer("10.1.2.3:4"))


def tool(name: str, ident: Any = 7) -> dict[str, Any]:
    """A call without arguments."""
    return rpc("tools/call", {"name": name, "arguments": {}}, ident)


def modern(method: str, name: str | None = None, **params: Any) -> tuple[bytes, Lines]:
    """A message of 2026-07-28 with the id 7, and its headers."""
    if name is not None:
        params |= {"name": name, "arguments": {}}
    body = encode(rpc(method, {**params, "_meta": META}, 7))
    return body, modern_lines(method, name)


def bound(principal: Principal = ALICE, backend: str = "tracker") -> str:
    """A session id as a client has it."""
    return seal_session(SEALER, principal, BoundSession(backend, "10.0.0.1:80", "own"), NOW)
