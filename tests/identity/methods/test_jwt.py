"""Tokens signed with real keys, and attacks on how they are verified."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.schema import Identity, ListenerIdentity
from gateway.identity.base import Invalid, Outcome
from gateway.identity.keys import KeySets, parse_key_set
from gateway.identity.methods.jwt import verify
from gateway.identity.rules import compile_rules
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.principal import Principal
from gateway.model.refusal import Reason
from tests.identity.issuer import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    bearing,
    claims,
    issuer_config,
    jwks,
    key_sets,
    private_key,
    public_jwk,
    request,
    rules,
    token,
)


def outcome(head: RequestHead, now: float = NOW) -> Outcome:
    return verify(head, rules("jwt"), key_sets(), now)


def refused(head: RequestHead, now: float = NOW) -> str:
    result = outcome(head, now)
    assert isinstance(result, Invalid)
    return result.message


def accepted(head: RequestHead, now: float = NOW) -> Principal:
    result = outcome(head, now)
    assert isinstance(result, Principal)
    return result


def segment(value: JsonValue) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_has_not_the_form_of_a_token_is_a_key_where_keys_are_accepted() -> None:
    key, forged = bearing("sk-123"), bearing("a.b.c")
    for accept in (("jwt", "key"), ("key", "jwt")):
        assert verify(key, rules(*accept), key_sets(), NOW) is None
        assert isinstance(verify(forged, rules(*accept), key_sets(), NOW), Invalid)
    assert isinstance(outcome(key), Invalid)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_a_listed_algorithm_names_its_user(algorithm: str) -> None:
    principal = accepted(bearing(token(claims(scope="a b"), algorithm)))
    assert principal.id == f"jwt:{ISSUER}#alice"
    assert principal.scopes == {"a", "b"}
    assert principal.expires_at == NOW + 330
    assert principal.claims["aud"] == AUDIENCE


def test_a_request_without_authorization_has_no_token() -> None:
    assert outcome(request()) is None


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_compared_without_case(scheme: str) -> None:
    assert accepted(request(("authorization", f"{scheme} {token()}"))).subject == "alice"


def test_an_unsigned_token_is_refused() -> None:
    for name in ("none", "None", "NONE", ""):
        text = f"{segment({'alg': name})}.{segment(claims())}."
        assert "malformed" in refused(bearing(text))
        assert "signature" in refused(bearing(text + "AA"))


def test_a_public_key_is_no_hmac_secret() -> None:
    public = private_key("RS256").public_key()
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(public_jwk(private_key("RS256"))).encode(),
    ):
        signed = f"{segment({'alg': 'HS256', 'kid': 'RS256'})}.{segment(claims())}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        text = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        assert "signature" in refused(bearing(text))


def test_the_algorithm_must_fit_the_key_that_the_kid_names() -> None:
    assert "signature" in refused(bearing(token(algorithm="ES256", header={"kid": "RS256"})))


def test_an_algorithm_that_the_issuer_does_not_list_is_refused() -> None:
    only_rsa = compile_rules(
        ListenerIdentity(), Identity(jwt=(issuer_config(algorithms=("RS256",)),))
    )
    assert isinstance(verify(bearing(token()), only_rsa, key_sets(), NOW), Invalid)
    good = verify(bearing(token(algorithm="RS256")), only_rsa, key_sets(), NOW)
    assert isinstance(good, Principal)


@pytest.mark.parametrize("kid", ["unknown", "../../etc/passwd", "' OR 1=1 --", "", "a" * 2000])
def test_a_kid_is_only_ever_compared(kid: str) -> None:
    assert isinstance(outcome(bearing(token(header={"kid": kid}))), Invalid)


def test_a_kid_that_is_no_string_is_refused() -> None:
    assert "malformed" in refused(
        bearing(f"{segment({'alg': 'ES256', 'kid': 7})}.{segment(claims())}.AA")
    )


@pytest.mark.parametrize("where", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_ignored(where: str) -> None:
    attacker = private_key("ES256", "attacker")
    brought: JsonObject = {
        "jwk": public_jwk(attacker, kid="ES256"),
        "jku": "https://attacker.example/jwks.json",
        "x5u": "https://attacker.example/cert.pem",
        "x5c": ["MIIB"],
    }
    text = token(key=attacker, header={where: brought[where]})
    assert "signature" in refused(bearing(text))


def test_a_token_without_kid_is_tried_with_the_keys_that_fit() -> None:
    assert accepted(bearing(token(header={"kid": None}))).subject == "alice"
    attacker = private_key("ES256", "attacker")
    assert "signature" in refused(bearing(token(header={"kid": None}, key=attacker)))


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("iss", "https://other.example", "issuer"),
        ("iss", ISSUER + "/", "issuer"),
        ("iss", None, "issuer"),
        ("iss", [ISSUER], "issuer"),
        ("aud", "https://other.example", "audience"),
        ("aud", AUDIENCE + "/", "audience"),
        ("aud", None, "audience"),
        ("aud", [], "audience"),
        ("aud", {"x": AUDIENCE}, "audience"),
        ("aud", [AUDIENCE, 7], "audience"),
        ("exp", None, "required"),
        ("exp", "2099-01-01", "number"),
        ("exp", True, "number"),
        ("exp", NOW - 31, "expired"),
        ("nbf", NOW + 31, "not valid yet"),
        ("nbf", "x", "number"),
        ("iat", NOW + 31, "not valid yet"),
        ("sub", None, "required"),
        ("sub", "", "form"),
        ("sub", 7, "form"),
        ("sub", "alice\x1fspiffe://a/b", "form"),
        ("sub", "a" * 2000, "form"),
        ("scope", 7, "form"),
        ("scope", ["a", 7], "form"),
        ("cnf", {"jkt": "x"}, "bound"),
        ("act", "agent", "form"),
        ("act", {"sub": "a", "act": {"iss": "no subject"}}, "form"),
    ],
    ids=lambda value: "time" if isinstance(value, float) else None,
)
def test_a_claim_that_is_wrong_is_refused_and_never_quoted(
    member: str, value: JsonValue, text: str
) -> None:
    message = refused(bearing(token(claims(**{member: value}))))
    assert text in message
    assert not any(part in message for part in ("example", "alice", "jkt"))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("aud", ["x", AUDIENCE]),
        ("exp", NOW - 29),
        ("nbf", NOW + 29),
        ("iat", NOW + 29.5),
        ("sub", "Zoë Ōta"),
        ("scope", ["a", "b"]),
    ],
    ids=lambda value: "time" if isinstance(value, float) else None,
)
def test_a_claim_within_its_bounds_is_accepted(member: str, value: JsonValue) -> None:
    accepted(bearing(token(claims(**{member: value}))))


def test_a_token_expires_when_it_would_be_refused() -> None:
    principal = accepted(bearing(token()))
    assert principal.expires_at is not None
    accepted(bearing(token()), principal.expires_at - 0.1)
    assert "expired" in refused(bearing(token()), principal.expires_at)


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "JWT", "jwt"])
def test_access_token_types_are_accepted(kind: str) -> None:
    accepted(bearing(token(header={"typ": kind})))


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE"])
def test_other_token_types_are_refused(kind: str) -> None:
    assert "malformed" in refused(bearing(token(header={"typ": kind})))


def test_a_header_that_demands_an_extension_is_refused() -> None:
    assert "malformed" in refused(bearing(token(header={"crit": ["b64"]})))
    assert "malformed" in refused(bearing(token(header={"crit": ["exp"], "exp": 1})))


def test_two_tokens_are_nobody() -> None:
    good = token()
    for head in (
        request(("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")),
        request(("authorization", f"Bearer {good},Bearer {good}")),
        request(("authorization", f"Bearer {good}, {good}")),
    ):
        assert "malformed" in refused(head)


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer opaque", "Bearer a.b", "Bearer a.b.c.d"],
)
def test_an_authorization_that_is_no_token_is_refused(value: str) -> None:
    assert "malformed" in refused(request(("authorization", value)))


@pytest.mark.parametrize(
    "query", ["access_token=x", "a=b&access_token=x", "access%5ftoken=x", "access_token"]
)
def test_a_token_in_the_query_is_refused(query: str) -> None:
    assert "query" in refused(request(path=f"/mcp?{query}"))
    assert "query" in refused(bearing(token(), path=f"/mcp?{query}"))


def test_another_query_is_nothing_to_do_with_identity() -> None:
    assert outcome(request(path="/mcp?q=access_token")) is None


def test_a_token_that_is_too_long_is_refused_unread() -> None:
    assert "malformed" in refused(bearing(token(claims(pad="x" * 20_000))))


def test_deep_or_ambiguous_json_is_refused() -> None:
    head, _, signature = token().split(".")
    for raw in (b'{"iss":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"iss":"a","iss":"b"}', b"[1]"):
        payload = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert "malformed" in refused(bearing(f"{head}.{payload}.{signature}"))


def test_a_second_spelling_of_a_signature_is_refused() -> None:
    text = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sloppy = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert "malformed" in refused(bearing(sloppy))


def test_actors_are_named_by_the_issuer_that_vouches_for_them() -> None:
    act: JsonObject = {"sub": "spiffe://a/agent", "act": {"sub": "job", "iss": "https://b.example"}}
    assert accepted(bearing(token(claims(act=act)))).actors == (
        f"jwt:{ISSUER}#spiffe://a/agent",
        f"jwt:{ISSUER}#https://b.example#job",
    )


def test_a_chain_of_actors_has_an_end() -> None:
    chain: JsonObject = {"sub": "last"}
    for _ in range(7):
        chain = {"sub": "a", "act": chain}
    assert len(accepted(bearing(token(claims(act=chain)))).actors) == 8
    assert "form" in refused(bearing(token(claims(act={"sub": "a", "act": chain}))))


def test_an_issuer_without_a_key_set_is_the_gateways_fault() -> None:
    result = verify(bearing(token()), rules("jwt"), KeySets({}), NOW)
    assert isinstance(result, Invalid)
    assert result.reason is Reason.OWN_FAULT


def test_an_unknown_kid_asks_for_the_key_set_of_its_issuer() -> None:
    missed: list[str] = []
    sets = KeySets(
        {ISSUER: parse_key_set(jwks(public_jwk(private_key("RS256"), kid="x")))}, missed.append
    )
    assert isinstance(verify(bearing(token()), rules("jwt"), sets, NOW), Invalid)
    assert missed == [ISSUER]


def test_each_issuer_verifies_with_its_own_keys_only() -> None:
    other = "https://other.example"
    both = compile_rules(
        ListenerIdentity(), Identity(jwt=(issuer_config(), issuer_config(issuer=other)))
    )
    stranger = private_key("ES256", "stranger")
    sets = KeySets(
        {
            ISSUER: parse_key_set(jwks(public_jwk(private_key("ES256"), kid="ES256"))),
            other: parse_key_set(jwks(public_jwk(stranger, kid="ES256"))),
        }
    )
    assert isinstance(verify(bearing(token(key=stranger)), both, sets, NOW), Invalid)
    own = token(claims(iss=other), key=stranger)
    assert isinstance(verify(bearing(own), both, sets, NOW), Principal)


@given(st.text(max_size=200) | st.from_regex(r"\A[A-Za-z0-9_.-]{0,80}\Z"))
def test_no_text_raises_or_is_accepted(text: str) -> None:
    assert isinstance(outcome(bearing(text)), Invalid)


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    good = token(algorithm="EdDSA")
    index = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != good[index]))
    assert isinstance(outcome(bearing(good[:index] + other + good[index + 1 :])), Invalid)
