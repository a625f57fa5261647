"""Sealed tokens: only what was sealed opens, for whom it was sealed, while it is valid."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sessions.seal import MAX_PAYLOAD, MAX_TOKEN, Sealer, SealFault

OLD, NEW = os.urandom(32), os.urandom(48)
TTL = 3600.0
NOW = 1_800_000_000.0
SEALER = Sealer([NEW, OLD], TTL)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def seal(payload: bytes = b"payload", scope: str = "alice") -> str:
    return SEALER.seal("purpose", scope, payload, NOW)


def opened(token: str, purpose: str = "purpose", scope: str = "alice") -> bytes | SealFault:
    return SEALER.open(purpose, scope, token, NOW)


@given(st.binary(max_size=MAX_PAYLOAD), st.text(), st.sampled_from(["mcp-session", "cursor"]))
def test_what_was_sealed_opens(payload: bytes, scope: str, purpose: str) -> None:
    token = SEALER.seal(purpose, scope, payload, NOW)
    assert SEALER.open(purpose, scope, token, NOW + 1) == payload


@given(st.binary(max_size=200))
def test_a_token_is_visible_ascii_of_constant_format(payload: bytes) -> None:
    token = seal(payload)
    assert set(token) <= set(ALPHABET)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert len(raw) == len(payload) + 38
    assert raw[:1] == b"\x01"
    assert len(token) <= MAX_TOKEN


def test_the_longest_payload_fits_and_a_longer_one_is_an_error() -> None:
    assert len(seal(b"x" * MAX_PAYLOAD)) <= MAX_TOKEN
    with pytest.raises(ValueError, match="at most"):
        seal(b"x" * (MAX_PAYLOAD + 1))


def test_a_payload_cannot_be_read_without_the_key() -> None:
    token = seal(b"10.0.0.1:8080 secret-upstream-id")
    assert b"secret" not in base64.urlsafe_b64decode(token + "==")
    assert token != seal(b"10.0.0.1:8080 secret-upstream-id")


@given(st.data())
def test_any_flipped_bit_is_a_fault(data: st.DataObject) -> None:
    token = seal()
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    forged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert isinstance(opened(forged), SealFault)


@pytest.mark.parametrize("size", range(4))
def test_any_other_character_in_any_place_is_a_fault(size: int) -> None:
    token = seal(b"x" * size)
    for index, old in enumerate(token):
        for new in ALPHABET + "=+/ \n\0é":
            if new != old:
                changed = token[:index] + new + token[index + 1 :]
                assert isinstance(opened(changed), SealFault), (index, new)


def test_any_truncation_or_addition_is_a_fault() -> None:
    token = seal()
    for length in range(len(token)):
        assert isinstance(opened(token[:length]), SealFault)
        assert isinstance(opened(token[length + 1 :]), SealFault)
    for more in ("=", "==", "A", "AAAA", " ", "\n"):
        assert isinstance(opened(token + more), SealFault)
        assert isinstance(opened(more + token), SealFault)


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]*\Z") | st.text(alphabet=ALPHABET, min_size=51))
def test_opening_never_raises(token: str) -> None:
    assert isinstance(opened(token), SealFault)


@given(st.binary(min_size=38, max_size=200))
def test_bytes_of_the_right_form_never_open(raw: bytes) -> None:
    key_id = base64.urlsafe_b64decode(seal()[:8])[1:5]
    forged = base64.urlsafe_b64encode(b"\x01" + key_id + raw).rstrip(b"=").decode()
    assert opened(forged) is SealFault.FORGED


@pytest.mark.parametrize(
    ("purpose", "scope"),
    [("purpose", "bob"), ("other", "alice"), ("purpose", ""), ("purpos", "ealice")],
)
def test_another_principal_or_purpose_does_not_open(purpose: str, scope: str) -> None:
    assert opened(seal(), purpose, scope) is SealFault.FORGED


def test_a_token_ends_with_its_time() -> None:
    token = seal()
    assert SEALER.open("purpose", "alice", token, NOW + TTL - 0.1) == b"payload"
    assert SEALER.open("purpose", "alice", token, NOW + TTL) is SealFault.EXPIRED


def test_a_short_life_is_rounded_up_and_never_to_nothing() -> None:
    brief = Sealer([NEW], 0.5)
    assert brief.open("p", "s", brief.seal("p", "s", b"x", NOW), NOW + 0.4) == b"x"


def test_an_expiry_cannot_be_changed() -> None:
    token = seal()
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[5:10] = b"\xff" * 5
    forged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert opened(forged) is SealFault.FORGED


def test_a_rotated_key_still_opens_and_no_longer_seals() -> None:
    before = Sealer([OLD], TTL).seal("purpose", "alice", b"old", NOW)
    assert opened(before) == b"old"
    assert Sealer([OLD], TTL).open("purpose", "alice", seal(), NOW) is SealFault.UNKNOWN_KEY


def test_a_removed_key_no_longer_opens() -> None:
    before = Sealer([OLD], TTL).seal("purpose", "alice", b"old", NOW)
    assert Sealer([NEW], TTL).open("purpose", "alice", before, NOW) is SealFault.UNKNOWN_KEY


def test_gateways_share_nothing_but_the_keys() -> None:
    assert Sealer([OLD, NEW], 1.0).open("purpose", "alice", seal(), NOW) == b"payload"


def test_an_oversize_token_is_refused_unread() -> None:
    assert opened("A" * (MAX_TOKEN + 1)) is SealFault.MALFORMED


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, OLD], [OLD, b""]])
def test_a_sealer_needs_strong_and_different_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        Sealer(keys, TTL)
