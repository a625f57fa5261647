"""Several credentials, one principal."""

import hashlib

import pytest

from gateway.config.schema import ApiKey, Identity, ListenerIdentity
from gateway.identity.identify import identify
from gateway.identity.methods import find_methods
from gateway.identity.rules import ListenerRules, compile_rules
from gateway.model.head import RequestHead
from gateway.model.principal import ANONYMOUS, Principal
from gateway.model.refusal import Reason, Refusal
from tests.identity.issuer import (
    AGENT,
    ISSUER,
    NOW,
    bearing,
    claims,
    issuer_config,
    key_sets,
    request,
    rules,
    token,
)

KEY = "gk-key-of-the-test"
USER = f"jwt:{ISSUER}#alice"


def judged(head: RequestHead, accepting: ListenerRules) -> Principal | Refusal:
    return identify(head, accepting, key_sets(), NOW)


def principal(head: RequestHead, accepting: ListenerRules) -> Principal:
    result = judged(head, accepting)
    assert isinstance(result, Principal)
    return result


def refusal(head: RequestHead, accepting: ListenerRules) -> Refusal:
    result = judged(head, accepting)
    assert isinstance(result, Refusal)
    return result


def challenge(result: Refusal) -> str:
    return dict(result.headers)["www-authenticate"]


def test_every_name_that_a_listener_may_accept_has_a_method() -> None:
    assert set(find_methods()) == {"spiffe", "xfcc", "jwt", "key", "metadata", "anonymous"}


def test_a_user_behind_an_agent_is_the_principal_where_the_listener_says_so() -> None:
    act = claims(act={"sub": "planner"})
    found = principal(bearing(token(act), spiffe=AGENT), rules("jwt", "spiffe"))
    assert found.id == USER
    assert found.actors == (AGENT, f"jwt:{ISSUER}#planner")


def test_the_agent_is_the_principal_where_it_is_named_first() -> None:
    found = principal(bearing(token(), spiffe=AGENT), rules("spiffe", "jwt"))
    assert found.id == AGENT
    assert found.actors == (USER,)
    assert found.scopes == frozenset()


def test_users_behind_one_agent_have_different_seal_scopes() -> None:
    accepting = rules("spiffe", "jwt")
    one = principal(bearing(token(), spiffe=AGENT), accepting)
    other = principal(bearing(token(claims(sub="bob")), spiffe=AGENT), accepting)
    assert one.seal_scope != other.seal_scope


def test_a_refreshed_token_is_the_same_principal() -> None:
    later = token(claims(exp=NOW + 900, jti="2"), "RS256")
    one = principal(bearing(token()), rules("jwt"))
    other = principal(bearing(later), rules("jwt"))
    assert one.seal_scope == other.seal_scope
    assert one == other


def test_the_identity_ends_with_its_first_credential() -> None:
    found = principal(bearing(token(), spiffe=AGENT), rules("spiffe", "jwt"))
    assert found.expires_at == NOW + 330
    assert principal(request(spiffe=AGENT), rules("spiffe")).expires_at is None


def test_a_wrong_credential_is_refused_beside_a_right_one() -> None:
    result = refusal(bearing("a.b.c", spiffe=AGENT), rules("spiffe", "jwt"))
    assert result.reason is Reason.UNAUTHENTICATED
    assert 'error="invalid_token"' in challenge(result)


def test_a_wrong_credential_is_not_anonymous() -> None:
    assert isinstance(judged(bearing("a.b.c"), rules("jwt", "anonymous")), Refusal)


def test_a_credential_that_the_listener_does_not_accept_is_not_read() -> None:
    assert principal(bearing("a.b.c", spiffe=AGENT), rules("spiffe")).id == AGENT


def test_anonymous_gives_way_to_every_other_identity() -> None:
    accepting = rules("anonymous", "jwt")
    assert principal(request(), accepting) is ANONYMOUS
    found = principal(bearing(token()), accepting)
    assert (found.id, found.actors) == (USER, ())


def test_nobody_is_anonymous_unless_the_listener_says_so() -> None:
    assert refusal(request(), rules("spiffe", "jwt")).reason is Reason.UNAUTHENTICATED


def test_a_missing_credential_is_challenged_with_the_least_scopes_of_the_route() -> None:
    result = refusal(request(route="triage"), rules("jwt"))
    assert challenge(result) == (
        "Bearer resource_metadata="
        '"https://gateway.example/.well-known/oauth-protected-resource/mcp", scope="issues:read"'
    )


def test_a_listener_without_tokens_does_not_send_clients_for_one() -> None:
    assert challenge(refusal(request(), rules("spiffe"))) == 'Bearer realm="gatehouse"'


def test_an_api_key_stands_beside_a_token() -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    accepting = compile_rules(
        ListenerIdentity(accept=("jwt", "key")),
        Identity(jwt=(issuer_config(),), keys=(ApiKey(name="ci", sha256=digest),)),
    )
    head = request(("authorization", f"Bearer {token()}"), ("x-api-key", KEY))
    assert principal(head, accepting).actors == ("key:ci",)


@pytest.mark.parametrize("secret", [token(claims(exp=1)), "a.b.c", "Zm9v.YmFy.cXV4"])
def test_no_refusal_quotes_a_credential(secret: str) -> None:
    result = refusal(bearing(secret), rules("jwt"))
    assert not any(part in repr(result) for part in secret.split(".") if len(part) > 1)
