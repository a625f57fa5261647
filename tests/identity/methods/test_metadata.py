"""Payloads that a filter of Envoy verified."""

import pytest

from gateway.identity.base import Invalid, Outcome
from gateway.identity.methods.metadata import verify
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.principal import Principal
from tests.identity.issuer import NOW, key_sets, rules

NAMESPACE = "envoy.filters.http.jwt_authn"
PAYLOAD: JsonObject = {"iss": "https://idp.example", "sub": "alice", "scope": "a b", "exp": 12.0}


def outcome(metadata: dict[str, JsonObject]) -> Outcome:
    head = RequestHead("POST", "/mcp", metadata=metadata)
    accepting = rules("metadata", metadata_namespaces=(NAMESPACE, "custom"))
    return verify(head, accepting, key_sets(), NOW)


def test_the_payload_of_jwt_authn_names_the_user() -> None:
    principal = outcome({NAMESPACE: {"payload": PAYLOAD, "header": {"alg": "ES256"}}})
    assert isinstance(principal, Principal)
    assert principal.id == f"metadata:{NAMESPACE}#https://idp.example#alice"
    assert principal.scopes == {"a", "b"}
    assert principal.expires_at == 12.0


def test_a_payload_may_be_the_namespace_itself() -> None:
    principal = outcome({"custom": {"sub": "alice"}})
    assert isinstance(principal, Principal)
    assert principal.id == "metadata:custom#alice"


def test_users_of_different_issuers_differ() -> None:
    first = outcome({"custom": {"sub": "alice", "iss": "https://a"}})
    second = outcome({"custom": {"sub": "alice", "iss": "https://b"}})
    assert isinstance(first, Principal)
    assert isinstance(second, Principal)
    assert first.id != second.id
    assert first.seal_scope != second.seal_scope


def test_a_subject_cannot_pass_for_issuer_and_subject() -> None:
    assert isinstance(outcome({"custom": {"sub": "https://a#alice"}}), Invalid)
    assert isinstance(outcome({"custom": {"sub": "alice", "iss": "https://a#x"}}), Invalid)


def test_other_namespaces_are_not_read() -> None:
    assert outcome({"other": {"sub": "alice"}}) is None
    assert outcome({NAMESPACE: {}}) is None


@pytest.mark.parametrize(
    "content",
    [
        {"failed_status": {"code": 16}},
        {"first": {"sub": "alice"}, "second": {"sub": "bob"}},
        {"sub": 7},
        {"sub": "alice", "iss": 7},
        {"sub": "alice", "scope": 7},
        {"sub": "alice", "act": "x"},
        {"sub": ""},
    ],
)
def test_a_payload_that_is_missing_ambiguous_or_malformed_is_refused(content: JsonObject) -> None:
    assert isinstance(outcome({"custom": content}), Invalid)


def test_two_namespaces_with_content_are_nobody() -> None:
    assert isinstance(outcome({NAMESPACE: {"payload": PAYLOAD}, "custom": PAYLOAD}), Invalid)
