"""Session keys: text to bytes, and whether they are worth the name. Pure; never quotes a key."""

import base64
import binascii
from itertools import pairwise
from typing import Final

MIN_KEY_BYTES: Final = 32
_MIN_DISTINCT: Final = 16  # 32 random bytes have 30 distinct ones; fewer than 16 in 1 of 10**14


class WeakKeyError(ValueError):
    """A session key that must not be used; the text says why without quoting it."""


def session_key(text: str) -> bytes:
    """The bytes of a session key in standard or URL-safe base64, at least 32 of them.

    Raises WeakKeyError for what is no base64, short, repetitive, a sequence or plain text.
    """
    key = _decode(text)
    if len(key) < MIN_KEY_BYTES:
        raise WeakKeyError(f"a session key has {len(key)} bytes, not at least {MIN_KEY_BYTES}")
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    if len(set(key)) < _MIN_DISTINCT or len(steps) == 1:
        raise WeakKeyError("a session key repeats itself: it is not random")
    if all(0x20 <= byte < 0x7F for byte in key):
        raise WeakKeyError("a session key is readable text in base64: it is not random")
    return key


def _decode(text: str) -> bytes:
    standard = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    padded = standard + "=" * (-len(standard) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise WeakKeyError("a session key is not base64") from None
