import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sessions.envelope import OVERHEAD, Envelope
from gateway.sessions.seal import Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_who_has_the_key_opens_what_was_sealed_for_the_same_purpose() -> None:
    sealed = Envelope([NEW]).seal("picks", b"payload")
    assert len(sealed) == len(b"payload") + OVERHEAD
    assert b"payload" not in sealed
    assert Envelope([NEW]).open("picks", sealed) == b"payload"
    assert Envelope([NEW]).open("taint", sealed) is None
    assert Envelope([OLD]).open("picks", sealed) is None


def test_keys_can_be_changed_one_gateway_after_the_other() -> None:
    before, between, after = Envelope([OLD]), Envelope([OLD, NEW]), Envelope([NEW, OLD])
    assert between.open("picks", before.seal("picks", b"1")) == b"1"
    assert before.open("picks", between.seal("picks", b"2")) == b"2"
    assert between.open("picks", after.seal("picks", b"3")) == b"3"
    assert after.open("picks", between.seal("picks", b"4")) == b"4"


def test_no_two_messages_are_sealed_alike() -> None:
    envelope = Envelope([NEW])
    assert envelope.seal("picks", b"payload") != envelope.seal("picks", b"payload")


@given(st.integers(0, OVERHEAD + 6), st.integers(1, 255))
def test_a_changed_byte_does_not_open(place: int, change: int) -> None:
    envelope = Envelope([NEW])
    sealed = bytearray(envelope.seal("picks", b"payload"))
    sealed[place] ^= change
    assert envelope.open("picks", bytes(sealed)) is None


@given(st.binary(max_size=100))
def test_other_bytes_do_not_open(data: bytes) -> None:
    assert Envelope([NEW]).open("picks", data) is None


def test_a_session_key_seals_sessions_and_messages_by_different_keys() -> None:
    token = Sealer([NEW], 60).seal("picks", "", b"payload", 0.0)
    assert Envelope([NEW]).open("picks", token.encode()) is None


@pytest.mark.parametrize("keys", [[], [b"short"]])
def test_there_is_no_envelope_without_a_whole_key(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        Envelope(keys)
