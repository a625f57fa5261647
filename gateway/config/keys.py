"""Session keys: text to bytes, and whether they are worth the name. Pure; never quotes a key."""

import base64
import binascii
import itertools
import re
from typing import Final

MIN_KEY_BYTES: Final = 32
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
# 32 random bytes have fewer than 16 different ones with a probability below 10**-8, and as few
# different steps; both tests miss no constant, counting, repeated or two-valued pattern.
_MIN_VARIETY: Final = 16


class WeakKeyError(ValueError):
    """A session key that must not be used; the text says why without quoting it."""


def session_key(text: str) -> bytes:
    """The bytes of a key in base64 or base64url, padded or not, surrounding white space ignored.

    WeakKeyError, with a reason that quotes nothing of the key, when it is missing, has fewer than
    32 bytes or is visibly not random.
    """
    stripped = text.strip()
    if not stripped:
        raise WeakKeyError("the sealing key is empty")
    if _BASE64.fullmatch(stripped) is None:
        raise WeakKeyError("the sealing key is not base64")
    unpadded = stripped.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        key = base64.urlsafe_b64decode(unpadded + "=" * (-len(unpadded) % 4))
    except binascii.Error:
        raise WeakKeyError("the sealing key is not base64") from None
    if len(key) < MIN_KEY_BYTES:
        raise WeakKeyError(
            f"the sealing key has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed"
        )
    if not _looks_random(key):
        raise WeakKeyError("the sealing key is not random; make one with: openssl rand -base64 32")
    return key


def _looks_random(key: bytes) -> bool:
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    periodic = (key + key).find(key, 1) < len(key)
    phrase = all(0x20 <= byte < 0x7F for byte in key)
    return min(len(set(key)), len(steps)) >= _MIN_VARIETY and not periodic and not phrase
