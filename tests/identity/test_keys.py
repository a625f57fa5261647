"""Which keys of a JWKS may verify what."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gateway.identity.keys import MAX_KEYS, MAX_REMEMBERED, KeySet, KeySets, parse_key_set
from gateway.model.jsonvalue import JsonObject, JsonValue
from tests.identity.issuer import jwks, private_key, public_jwk

GOOD = public_jwk(private_key("ES256"), kid="good")


def kids(document: bytes) -> list[str | None]:
    return [key.kid for key in parse_key_set(document).keys]


def test_keys_verify_with_the_algorithms_that_fit_their_kind() -> None:
    rsa_key, p256, edwards = (private_key(name) for name in ("RS256", "ES256", "EdDSA"))
    p384 = ec.generate_private_key(ec.SECP384R1())
    document = jwks(*(public_jwk(key) for key in (rsa_key, p256, edwards, p384)))
    assert [sorted(key.algorithms) for key in parse_key_set(document).keys] == [
        ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
        ["ES256"],
        ["EdDSA"],
        ["ES384"],
    ]


@pytest.mark.parametrize(("declared", "used"), [("RS256", "RS256"), ("PS384", "PS384")])
def test_a_declared_algorithm_narrows_what_fits(declared: str, used: str) -> None:
    (key,) = parse_key_set(jwks(public_jwk(private_key("RS256"), alg=declared))).keys
    assert key.algorithms == {used}


def test_the_fully_specified_name_of_ed25519_is_understood() -> None:
    (key,) = parse_key_set(jwks(public_jwk(private_key("EdDSA"), alg="Ed25519"))).keys
    assert key.algorithms == {"EdDSA"}


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": 7},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "RS256"},
        {"alg": 7},
        {"kid": 7},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC2"},
        {"kty": 7},
        {"crv": "P-384"},
        {"x": "AA"},
        {"x": 7},
        {"y": None},
        {"d": "AA"},
    ],
)
def test_a_key_that_cannot_verify_is_left_out(members: dict[str, JsonValue]) -> None:
    assert kids(jwks({**GOOD, "kid": "bad", **members}, GOOD)) == ["good"]


def test_weak_and_foreign_curves_are_left_out() -> None:
    def public(algorithm: Any, key: Any) -> JsonObject:
        return json.loads(algorithm.to_jwk(key.public_key()))

    weak = public(RSAAlgorithm, rsa.generate_private_key(65537, 1024))
    koblitz = public(ECAlgorithm, ec.generate_private_key(ec.SECP256K1()))
    ed = public(OKPAlgorithm, ed448.Ed448PrivateKey.generate())
    assert kids(jwks(weak, koblitz, ed, GOOD)) == ["good"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[null,7,"x",[]]}',
        b'{"keys":[],"keys":[]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_usable_key_set_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        parse_key_set(document)


def test_a_key_set_has_a_greatest_size() -> None:
    assert len(parse_key_set(jwks(*[GOOD] * MAX_KEYS)).keys) == MAX_KEYS
    with pytest.raises(ValueError, match="at most"):
        parse_key_set(jwks(*[GOOD] * (MAX_KEYS + 1)))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(document: bytes) -> None:
    try:
        parse_key_set(document)
    except ValueError:
        return
    pytest.fail("random bytes are no key set")


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"]),
        st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "", "!", 1, None, [], {}]),
    )
)
def test_no_key_entry_raises(entry: dict[str, JsonValue]) -> None:
    assert "good" in kids(jwks(entry, GOOD))


def test_a_kid_finds_its_keys_and_no_kid_finds_all() -> None:
    other = public_jwk(private_key("RS256"), kid="other")
    sets = KeySets({"i": parse_key_set(jwks(GOOD, other))})
    assert [key.kid for key in sets.find("i", "other") or ()] == ["other"]
    assert [key.kid for key in sets.find("i", None) or ()] == ["good", "other"]
    assert sets.find("i", "third") == ()
    assert sets.find("j", None) is None


def test_only_a_missing_key_of_a_known_set_is_reported() -> None:
    missed: list[str] = []
    sets = KeySets({"i": KeySet(parse_key_set(jwks(GOOD)).keys)}, missed.append)
    sets.find("i", "good")
    sets.find("j", "good")
    assert missed == []
    sets.find("i", "third")
    assert missed == ["i"]


def test_a_key_refuses_an_algorithm_that_is_not_its_own() -> None:
    (key,) = parse_key_set(jwks(GOOD)).keys
    assert not key.verifies("HS256", b"x", b"y")
    assert not key.verifies("none", b"x", b"")
    assert not key.verifies("ES256", b"x", b"")
    assert not key.verifies("ES256", b"x", b"\0" * 64)


def test_a_remembered_signature_is_good_for_its_own_words_only() -> None:
    (key,) = parse_key_set(jwks(public_jwk(private_key("EdDSA")))).keys
    signer = private_key("EdDSA")
    assert isinstance(signer, Ed25519PrivateKey)
    signature = signer.sign(b"words")
    for _ in range(2):
        assert key.verifies("EdDSA", b"words", signature)
        assert not key.verifies("EdDSA", b"other words", signature)
        assert not key.verifies("EdDSA", b"words", signature[:-1])


def test_an_endless_number_of_signatures_takes_bounded_memory() -> None:
    (key,) = parse_key_set(jwks(public_jwk(private_key("EdDSA")))).keys
    signer = private_key("EdDSA")
    assert isinstance(signer, Ed25519PrivateKey)
    for number in range(MAX_REMEMBERED + 10):
        assert key.verifies("EdDSA", b"%d" % number, signer.sign(b"%d" % number))
    assert key.remembered == MAX_REMEMBERED
    assert key.verifies("EdDSA", b"0", signer.sign(b"0"))
