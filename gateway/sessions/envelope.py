"""Sealing of what gateways tell each other through a store that is not theirs alone. No I/O.

A message is

    version (1) | key id (4) | nonce (12) | ciphertext | tag (16)

bytes. The cipher is AES-256-GCM; what precedes the nonce, and the purpose, are its associated data.
Keys are derived with HKDF-SHA256 (RFC 5869) from those that seal sessions, under another name, so
that neither opens what the other sealed. Nonces are random (NIST SP 800-38D, section 8.3: up to
2**32 messages a key, which 20 a second reach in seven years).

It hides what is in a message and shows a change of it. It does not show that one was left out or
came twice: who opens it has to bear that.
"""

import os
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.config.keys import MIN_KEY_BYTES

_VERSION: Final = b"\x01"
_KEY_ID: Final = 4
_HEADER: Final = len(_VERSION) + _KEY_ID
_NONCE: Final = 12
_TAG: Final = 16

OVERHEAD: Final = _HEADER + _NONCE + _TAG
"""Bytes that a sealed message is longer than what is in it."""


class Envelope:
    """Seals with the first key and opens with every key, so that keys can be changed one after the
    other. `keys` are secrets of at least 32 bytes; ValueError without any, or for a short one."""

    __slots__ = ("_ciphers", "_first", "_random")

    def __init__(self, keys: Sequence[bytes], random: Callable[[int], bytes] = os.urandom) -> None:
        derived = [_derive(key) for key in keys]
        if not derived:
            raise ValueError("an envelope needs at least one key")
        self._ciphers = {ident: AESGCM(secret) for ident, secret in derived}
        self._first = derived[0][0]
        self._random = random

    def seal(self, purpose: str, payload: bytes) -> bytes:
        """The payload, for those who have the key and expect this purpose."""
        header = _VERSION + self._first
        nonce = self._random(_NONCE)
        cipher = self._ciphers[self._first]
        return header + nonce + cipher.encrypt(nonce, payload, header + purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes | None:
        """The payload; None for anything that was not sealed with one of the keys for this purpose.
        Never raises, whatever `sealed` holds."""
        if len(sealed) < OVERHEAD or not sealed.startswith(_VERSION):
            return None
        header, nonce = sealed[:_HEADER], sealed[_HEADER : _HEADER + _NONCE]
        cipher = self._ciphers.get(header[len(_VERSION) :])
        if cipher is None:
            return None
        try:
            return cipher.decrypt(nonce, sealed[_HEADER + _NONCE :], header + purpose.encode())
        except InvalidTag:
            return None


def _derive(key: bytes) -> tuple[bytes, bytes]:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a sealing key needs at least {MIN_KEY_BYTES} bytes")
    derived = HKDF(SHA256(), _KEY_ID + 32, salt=None, info=b"gatehouse state v1").derive(key)
    return derived[:_KEY_ID], derived[_KEY_ID:]
