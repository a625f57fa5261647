"""Identity of the mTLS peer."""

import pytest

from gateway.identity.base import Invalid, Outcome
from gateway.identity.methods.spiffe import verify
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.principal import Principal, PrincipalKind
from tests.identity.issuer import AGENT, NOW, key_sets, rules


def outcome(peer: Peer) -> Outcome:
    head = RequestHead("POST", "/mcp", headers=Headers([("x-client", AGENT)]), peer=peer)
    return verify(head, rules("spiffe"), key_sets(), NOW)


def test_the_one_spiffe_id_of_a_verified_peer_is_the_principal() -> None:
    principal = outcome(Peer("10.0.0.1:1", True, (AGENT,)))
    assert principal == Principal(PrincipalKind.SPIFFE, "cluster.local", AGENT)


def test_without_a_verified_certificate_nobody_is_named() -> None:
    assert outcome(Peer()) is None
    assert outcome(Peer("10.0.0.1:1", False, (AGENT,))) is None


def test_a_certificate_without_uris_is_no_spiffe_credential() -> None:
    assert outcome(Peer("10.0.0.1:1", True, ())) is None


@pytest.mark.parametrize(
    "sans", [(AGENT, AGENT), (AGENT, "https://a"), ("https://a",), ("spiffe://a",), ("",)]
)
def test_a_certificate_that_is_no_svid_is_refused(sans: tuple[str, ...]) -> None:
    assert isinstance(outcome(Peer("10.0.0.1:1", True, sans)), Invalid)
