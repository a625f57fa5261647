"""A permit judged again: as if the same request came now, for the same principal."""

import os
from dataclasses import replace

import pytest

from gateway.config.schema import ApiKey, Identity, ListenerIdentity
from gateway.identity.keys import KeySets
from gateway.identity.rules import compile_rules
from gateway.model.call import Call, Kind
from gateway.model.head import Headers, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from gateway.pipeline.review import Review
from gateway.pipeline.snapshot import RouteStage, Snapshot
from gateway.protocols.mcp import Mcp
from gateway.sessions.seal import Sealer
from tests.policy.documents import rules
from tests.support.gatehouse import KEY, key_entry

NOW = 1_800_000_000.0
ROUTED = "mcp:tracker@tracker"
MCP = Mcp(batches=False, origins=frozenset(), body_limit=1000)
ALICE = Principal(PrincipalKind.KEY, "", "alice")
LISTEN = Call("mcp", "GET", Kind.LISTEN, attributes={"method": "GET"})
REVIEW = Review(
    ROUTED,
    RequestHead("GET", "/mcp", headers=Headers([("x-api-key", KEY)]), route="tracker"),
    (LISTEN,),
    ALICE,
    "agents",
)
ALLOWED = rules("name: one, effect: allow, tools: [echo], principals: ['key:alice']")


def snapshot(name: str = "alice") -> Snapshot:
    """One in which `name` has the key of the request."""
    entry = key_entry(name, KEY)
    identity = Identity(keys=(ApiKey(name=name, sha256=entry["sha256"]),))
    return Snapshot(
        1,
        "digest",
        {ROUTED: RouteStage("tracker", "/mcp", None, "tracker", MCP, 1000)},
        {"agents": compile_rules(ListenerIdentity(accept=("key",)), identity)},
        ALLOWED,
        KeySets({}, lambda _: None),
        Sealer([os.urandom(32)], 3600),
    )


def test_what_would_be_let_through_now_goes_on() -> None:
    assert REVIEW.permitted(snapshot(), NOW)


@pytest.mark.parametrize(
    "changed",
    [
        replace(snapshot(), policies=rules("name: one, effect: deny, methods: [GET]")),
        replace(snapshot(), routes={}),
        replace(snapshot(), listeners={}),
        snapshot("bob"),
    ],
    ids=["denied", "another route", "another listener", "another principal"],
)
def test_what_would_not_is_not_permitted(changed: Snapshot) -> None:
    assert not REVIEW.permitted(changed, NOW)


def test_a_credential_that_is_gone_permits_nothing() -> None:
    nobody = replace(REVIEW, head=replace(REVIEW.head, headers=Headers([("x-api-key", "x")])))
    assert not nobody.permitted(snapshot(), NOW)


def test_it_ends_when_the_credential_does() -> None:
    assert REVIEW.expires_at is None
    assert replace(REVIEW, principal=replace(ALICE, expires_at=NOW)).expires_at == NOW
