"""Sealing keys as configuration has them."""

import base64
import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.keys import WeakKeyError, session_key

RANDOM = Random(7)  # the same names of cases in every process


def written(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize("size", [32, 33, 34, 64])
def test_random_keys_are_read_in_either_alphabet_padded_or_not(size: int) -> None:
    for _ in range(200):
        key = os.urandom(size)
        url = base64.urlsafe_b64encode(key).decode()
        for text in (written(key), url, url.rstrip("="), f"  {written(key)}\n"):
            assert session_key(text) == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("not base64!", "not base64"),
        ("A", "not base64"),
        (written(RANDOM.randbytes(31)), "31 bytes"),
        (written(bytes(32)), "not random"),
        (written(b"\xff" * 64), "not random"),
        (written(bytes(range(32))), "not random"),
        (written(bytes(range(0, 96, 3))), "not random"),
        (written(bytes(range(64, 32, -1))), "not random"),
        (written(RANDOM.randbytes(16) * 2), "not random"),
        (written(b"ab" * 20), "not random"),
        (written(b"correct horse battery staple 0123456789"), "not random"),
        (written(RANDOM.randbytes(24).hex().encode()), "not random"),
    ],
)
def test_a_weak_or_missing_key_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(WeakKeyError, match=reason) as caught:
        session_key(text)
    assert not text.strip() or text.strip() not in str(caught.value)


@given(st.text(max_size=100))
def test_any_text_is_a_key_or_a_value_error(text: str) -> None:
    try:
        assert len(session_key(text)) >= 32
    except WeakKeyError as error:
        assert "key" in str(error)  # noqa: PT017  both ends are allowed
