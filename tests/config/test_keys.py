import base64
import secrets

import pytest

from gateway.config.keys import WeakKeyError, session_key


def test_random_keys_are_accepted_in_both_alphabets_with_or_without_padding() -> None:
    key = secrets.token_bytes(32)
    for text in (
        base64.b64encode(key).decode(),
        base64.urlsafe_b64encode(key).decode(),
        base64.b64encode(key).decode().rstrip("=") + "\n",
    ):
        assert session_key(text) == key


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (secrets.token_bytes(31), "31 bytes"),
        (b"", "0 bytes"),
        (bytes(32), "repeats itself"),
        (bytes(range(32)), "repeats itself"),
        (b"\x01\xff\x80\x07" * 16, "repeats itself"),
        (b"correct horse battery staple, quite long", "readable text"),
    ],
)
def test_keys_that_are_not_random_are_refused(key: bytes, says: str) -> None:
    with pytest.raises(WeakKeyError, match=says):
        session_key(base64.b64encode(key).decode())


@pytest.mark.parametrize("text", ["not base64!", "é" * 44])
def test_text_that_is_no_base64_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(WeakKeyError, match="not base64") as error:
        session_key(text)
    assert text not in str(error.value)
