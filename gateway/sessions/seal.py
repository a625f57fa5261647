"""Sealing: small state that clients carry for us and can neither read nor change. No I/O, no clock.

A token is base64url, without padding, of

    version (1) | key id (4) | expiry (5) | nonce (12) | ciphertext | tag (16)

bytes. The cipher is AES-256-GCM; what precedes the nonce, the purpose and the scope of the
principal are its associated data, so that a token opens only for the purpose and the principal
that it was sealed for. Keys are derived with HKDF-SHA256 (RFC 5869) once, at start. Nonces are
random: rotate the key before it has sealed 2**32 tokens (NIST SP 800-38D, section 8.3).
"""

import binascii
import math
import os
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.config.keys import MIN_KEY_BYTES

MAX_TOKEN: Final = 4096
_VERSION: Final = b"\x01"
_KEY_ID: Final = 4
_EXPIRY: Final = 5
_HEADER: Final = len(_VERSION) + _KEY_ID + _EXPIRY
_NONCE: Final = 12
_TAG: Final = 16
_OVERHEAD: Final = _HEADER + _NONCE + _TAG
MAX_PAYLOAD: Final = MAX_TOKEN * 3 // 4 - _OVERHEAD
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


class SealFault(Enum):
    """Why a token does not open. For records and metrics; callers are told one thing only."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"
    EXPIRED = "expired"


class Sealer:
    """Seals with the first key and opens with every key.

    `keys` are secrets of at least 32 bytes, `ttl` the life of a token in seconds. Gateways with
    the same keys open each other's tokens; nothing else is shared. Safe to use from threads and
    after a fork. ValueError without keys, or when one is short or given twice.
    """

    __slots__ = ("_ciphers", "_first", "_random", "_ttl")

    def __init__(
        self, keys: Sequence[bytes], ttl: float, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        derived = [_derive(key) for key in keys]
        self._ciphers = {ident: AESGCM(secret) for ident, secret in derived}
        if not keys or len(self._ciphers) != len(keys):
            raise ValueError("sealing needs at least one key, and each key once")
        self._first = derived[0][0]
        self._ttl = ttl
        self._random = random

    def seal(self, purpose: str, principal_scope: str, payload: bytes, now: float) -> str:
        """A token of visible ASCII that opens until `now` + ttl (seconds since the epoch).

        ValueError for a payload over `MAX_PAYLOAD` bytes.
        """
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"a sealed payload may have at most {MAX_PAYLOAD} bytes")
        expiry = math.ceil(now + self._ttl).to_bytes(_EXPIRY, "big")
        header = _VERSION + self._first + expiry
        nonce = self._random(_NONCE)
        sealed = self._ciphers[self._first].encrypt(
            nonce, payload, _associated(header, purpose, principal_scope)
        )
        return _encode(header + nonce + sealed)

    def open(self, purpose: str, principal_scope: str, token: str, now: float) -> bytes | SealFault:
        """The payload, or why there is none; never raises, whatever `token` holds."""
        raw = _decode(token)
        if raw is None or len(raw) < _OVERHEAD or raw[:1] != _VERSION:
            return SealFault.MALFORMED
        header, nonce, sealed = (
            raw[:_HEADER],
            raw[_HEADER : _HEADER + _NONCE],
            raw[_HEADER + _NONCE :],
        )
        cipher = self._ciphers.get(header[1 : 1 + _KEY_ID])
        if cipher is None:
            return SealFault.UNKNOWN_KEY
        try:
            payload = cipher.decrypt(nonce, sealed, _associated(header, purpose, principal_scope))
        except InvalidTag:
            return SealFault.FORGED
        # Looked at after the tag: before it, the expiry is whatever the caller wrote there.
        expired = now >= int.from_bytes(header[1 + _KEY_ID :], "big")
        return SealFault.EXPIRED if expired else payload


def _derive(key: bytes) -> tuple[bytes, bytes]:
    """Key id and cipher key. The id is derived too, so that rotation needs no names for keys."""
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a sealing key needs at least {MIN_KEY_BYTES} bytes")
    derived = HKDF(SHA256(), _KEY_ID + 32, salt=None, info=b"gatehouse seal v1").derive(key)
    return derived[:_KEY_ID], derived[_KEY_ID:]


def _associated(header: bytes, purpose: str, principal_scope: str) -> bytes:
    """Unambiguous: the header has a fixed length and a purpose, which is ours, has no NUL."""
    return b"%b%b\0%b" % (
        header,
        purpose.encode(),
        principal_scope.encode("utf-8", "surrogatepass"),
    )


def _encode(raw: bytes) -> str:
    standard = binascii.b2a_base64(raw, newline=False)
    return standard.translate(_TO_URL).rstrip(b"=").decode("ascii")


def _decode(token: str) -> bytes | None:
    """The bytes of a token in its one canonical spelling; any other would be a second name."""
    if len(token) > MAX_TOKEN or not token.isascii():
        return None
    standard = token.encode("ascii").translate(_FROM_URL) + b"=" * (-len(token) % 4)
    try:
        raw = binascii.a2b_base64(standard)
    except binascii.Error:
        return None
    return raw if _encode(raw) == token else None
