"""API keys."""

import hashlib
import hmac

import pytest

from gateway.config.schema import ApiKey, Identity, ListenerIdentity
from gateway.identity.base import Invalid, Outcome
from gateway.identity.methods import api_key
from gateway.identity.methods.api_key import MAX_LENGTH, verify
from gateway.identity.rules import compile_rules
from gateway.model.principal import Principal
from tests.identity.issuer import NOW, key_sets, request

KEYS = {"ci": "gk-first-key-of-the-test", "batch": "gk-second-key-of-the-test"}


def outcome(*lines: tuple[str, str]) -> Outcome:
    configured = tuple(
        ApiKey(name=name, sha256=hashlib.sha256(key.encode()).hexdigest(), scopes=("issues:read",))
        for name, key in KEYS.items()
    )
    rules = compile_rules(ListenerIdentity(accept=("key",)), Identity(keys=configured))
    return verify(request(*lines), rules, key_sets(), NOW)


@pytest.mark.parametrize("header", ["x-api-key", "api-key"])
@pytest.mark.parametrize("name", KEYS)
def test_a_known_key_names_its_holder(header: str, name: str) -> None:
    principal = outcome((header, KEYS[name]))
    assert isinstance(principal, Principal)
    assert principal.id == f"key:{name}"
    assert principal.scopes == {"issues:read"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_may_come_as_a_bearer_credential(scheme: str) -> None:
    principal = outcome(("authorization", f"{scheme} {KEYS['ci']}"))
    assert isinstance(principal, Principal)
    assert principal.id == "key:ci"


@pytest.mark.parametrize("line", ["Bearer a.b.c", f"Basic {KEYS['ci']}", KEYS["ci"]])
def test_another_credential_is_no_key(line: str) -> None:
    assert outcome(("authorization", line)) is None


@pytest.mark.parametrize("value", ["", "x", KEYS["ci"] + " ", "a.b", "x" * (MAX_LENGTH + 1)])
def test_a_wrong_key_as_a_bearer_credential_is_refused(value: str) -> None:
    assert isinstance(outcome(("authorization", f"Bearer {value}")), Invalid)


def test_a_header_of_its_own_counts_before_a_bearer_credential() -> None:
    principal = outcome(("authorization", "Bearer x"), ("x-api-key", KEYS["ci"]))
    assert isinstance(principal, Principal)


def test_two_bearer_keys_are_nobody() -> None:
    lines = [("authorization", f"Bearer {KEYS['ci']}")] * 2
    assert isinstance(outcome(*lines), Invalid)


@pytest.mark.parametrize(
    "value", ["", "x", KEYS["ci"] + " ", KEYS["ci"].upper(), "ü\ud800", "x" * (MAX_LENGTH + 1)]
)
def test_a_wrong_key_is_refused(value: str) -> None:
    result = outcome(("x-api-key", value))
    assert isinstance(result, Invalid)
    assert not value or value not in result.message.split()


def test_the_hash_of_a_key_is_no_key() -> None:
    digest = hashlib.sha256(KEYS["ci"].encode()).hexdigest()
    assert isinstance(outcome(("x-api-key", digest)), Invalid)


@pytest.mark.parametrize("second", ["x-api-key", "api-key"])
def test_two_keys_are_nobody(second: str) -> None:
    assert isinstance(outcome(("x-api-key", KEYS["ci"]), (second, KEYS["ci"])), Invalid)


def test_every_key_is_compared_whichever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []

    def counting(one: bytes, other: bytes) -> bool:
        compared.append(True)
        return hmac.compare_digest(one, other)

    class Counting:
        compare_digest = staticmethod(counting)

    monkeypatch.setattr(api_key, "hmac", Counting)
    assert isinstance(outcome(("x-api-key", KEYS["ci"])), Principal)
    assert len(compared) == len(KEYS)
