"""Session ids of clients."""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.principal import ANONYMOUS, Principal, PrincipalKind
from gateway.model.refusal import Reason, Refusal
from gateway.sessions.event_id import StreamPosition, seal_event_id
from gateway.sessions.seal import MAX_TOKEN, Sealer
from gateway.sessions.session_id import (
    MAX_UPSTREAM_ID,
    BoundSession,
    open_session,
    seal_session,
)

SEALER = Sealer([os.urandom(32)], 3600)
NOW = 1_800_000_000.0
ALICE = Principal(PrincipalKind.JWT, "https://idp.example", "alice", ("spiffe://a/agent",))
SESSION = BoundSession("github", "10.0.0.12:8080", "4f9d2c1e-upstream")


def refused(token: str, principal: Principal = ALICE, backend: str = "github") -> Refusal:
    result = open_session(SEALER, principal, backend, token, NOW)
    assert isinstance(result, Refusal)
    assert result.reason is Reason.SESSION_UNKNOWN
    return result


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_a_session_comes_back_to_its_principal(upstream_id: str) -> None:
    session = replace(SESSION, upstream_id=upstream_id)
    token = seal_session(SEALER, ALICE, session, NOW)
    assert open_session(SEALER, ALICE, "github", token, NOW) == session
    assert upstream_id not in token or len(upstream_id) < 4


def test_the_longest_session_id_fits() -> None:
    session = BoundSession("b" * 63, "[1111:2222:3333:4444:5555:6666:7777:8888]:65535", "x" * 1024)
    token = seal_session(SEALER, ALICE, session, NOW)
    assert len(token) < MAX_TOKEN
    assert open_session(SEALER, ALICE, "b" * 63, token, NOW) == session


def test_a_refreshed_credential_keeps_the_session() -> None:
    token = seal_session(SEALER, ALICE, SESSION, NOW)
    refreshed = replace(ALICE, scopes=frozenset({"more"}), expires_at=NOW + 9, claims={"jti": "2"})
    assert open_session(SEALER, refreshed, "github", token, NOW) == SESSION


@pytest.mark.parametrize(
    "other",
    [
        ANONYMOUS,
        replace(ALICE, subject="bob"),
        replace(ALICE, issuer="https://other.example"),
        replace(ALICE, kind=PrincipalKind.METADATA),
        replace(ALICE, actors=()),
        replace(ALICE, actors=("spiffe://a/agent", "spiffe://a/other")),
    ],
)
def test_another_principals_session_is_unknown(other: Principal) -> None:
    refused(seal_session(SEALER, ALICE, SESSION, NOW), principal=other)


def test_another_backends_session_is_unknown() -> None:
    refused(seal_session(SEALER, ALICE, SESSION, NOW), backend="gitlab")


def test_an_expired_session_is_unknown() -> None:
    refused(seal_session(SEALER, ALICE, SESSION, NOW - 3600))


def test_an_event_id_is_no_session_id() -> None:
    token = seal_event_id(SEALER, ALICE, StreamPosition("github", "e"), NOW)
    assert token is not None
    refused(token)


def test_every_refusal_reads_alike() -> None:
    token = seal_session(SEALER, ALICE, SESSION, NOW)
    expired = seal_session(SEALER, ALICE, SESSION, NOW - 3600)
    assert len({refused(text).message for text in ("", "x", token[:-1], expired)}) == 1


@given(st.text())
def test_no_text_is_a_session(token: str) -> None:
    refused(token)


@pytest.mark.parametrize("upstream_id", ["", "a b", "a\n", "ü", "x" * (MAX_UPSTREAM_ID + 1)])
def test_an_upstream_id_that_no_header_could_carry_is_an_error(upstream_id: str) -> None:
    with pytest.raises(ValueError, match="cannot be sealed"):
        seal_session(SEALER, ALICE, replace(SESSION, upstream_id=upstream_id), NOW)


def test_an_endpoint_that_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be sealed"):
        seal_session(SEALER, ALICE, replace(SESSION, endpoint="example.com:80"), NOW)
