"""Addresses of crypto currencies. Pure: no I/O, no clock.

Bitcoin and its kin: base58 with four check bytes of double SHA-256; bech32 (BIP 173, BIP 350).
Ethereum: 40 hexadecimal digits, whose check (EIP-55) needs Keccak and is not made.
"""

from hashlib import sha256
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.number import LIKELY, SURE

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32: Final = frozenset({1, 0x2BC830A3})
_SIZE: Final = 25
_PLACES: Final = 58


def is_base58_address(text: str) -> bool:
    """Whether the last four of its 25 bytes are the check of the others."""
    value = 0
    for sign in text:
        value = value * _PLACES + _BASE58.index(sign)
    if value.bit_length() > _SIZE * 8:
        return False
    raw = value.to_bytes(_SIZE, "big")
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def is_bech32_address(text: str) -> bool:
    """Whether its six check signs are right, as bech32 or as bech32m."""
    prefix, _, data = text.lower().rpartition("1")
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in (*values, *(_BASE32.find(c) for c in data)):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            check ^= generator if top >> place & 1 else 0
    return check in _BECH32


def _base58(candidate: Candidate) -> float | None:
    if candidate.after[:1].isalnum() or not is_base58_address(candidate.text):
        return None
    return SURE


def _bech32(candidate: Candidate) -> float | None:
    if candidate.after[:1].isalnum() or not is_bech32_address(candidate.text):
        return None
    return SURE


def _ethereum(candidate: Candidate) -> float | None:
    if candidate.after[:1].isalnum() or len(set(candidate.text[2:].lower())) < 8:
        return None
    return LIKELY


_BEGIN: Final = r"(?:\b|\\[nrt])"
"""Or after the end of a line as JSON spells it."""

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "crypto_wallet",
        "address of a crypto currency",
        (
            Pattern(
                name="base58_address",
                regex=rf"{_BEGIN}([13LMDT9A][1-9A-HJ-NP-Za-km-z]{{25,33}})\b",
                category="crypto_wallet",
                group=1,
                validate=_base58,
            ),
            Pattern(
                name="bech32_address",
                regex=rf"{_BEGIN}((?:bc|ltc|tb)1[02-9ac-hj-np-z]{{11,71}}|BC1[02-9AC-HJ-NP-Z]{{11,71}})\b",
                category="crypto_wallet",
                group=1,
                validate=_bech32,
            ),
            Pattern(
                name="ethereum_address",
                regex=rf"{_BEGIN}(0x[0-9a-fA-F]{{40}})\b",
                category="crypto_wallet",
                group=1,
                validate=_ethereum,
            ),
        ),
    ),
)
