"""The compact form of a JSON Web Token, before anything in it is believed. Pure: no I/O.

Source: RFC 7515 sections 4 and 7.1, RFC 8725 section 3. JSON is read by the one strict reader, so
that a claim has one meaning. Header members that carry or point to keys (jwk, jku, x5c, x5u) are
never read.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.wire.strictjson import Document, decode

MAX_LENGTH: Final = 16 * 1024
MAX_KEY_ID: Final = 1024
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
# Other kinds (logout+jwt, dpop+jwt, secevent+jwt, ...) are signed by the same issuers for other
# uses (RFC 8725, section 3.11).
_ACCESS_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A well-formed token: nothing in it is true until `signature` over `signed` verifies."""

    algorithm: str
    key_id: str | None
    claims: JsonObject
    signed: bytes
    signature: bytes


def is_token(text: str) -> bool:
    """Whether a bearer credential has the form of a JWS in compact serialisation (RFC 7515, 7.1):
    three parts. Anything else is no JWT, well-formed or not."""
    return text.count(".") == 2


def parse_token(text: str) -> UnverifiedToken | None:
    """The parts of a compact JWS; None when it is not one that could be an access token."""
    if len(text) > MAX_LENGTH or _COMPACT.fullmatch(text) is None:
        return None
    signed, _, tail = text.encode("ascii").rpartition(b".")
    head, _, body = signed.partition(b".")
    header, claims = _segment_object(head), _segment_object(body)
    signature = decode_base64url(tail)
    if header is None or claims is None or signature is None or not _sane(header):
        return None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str):
        return None
    if not (key_id is None or (isinstance(key_id, str) and len(key_id) <= MAX_KEY_ID)):
        return None
    return UnverifiedToken(algorithm, key_id, claims, signed, signature)


def decode_base64url(data: bytes) -> bytes | None:
    """Unpadded base64url (RFC 7515, section 2); None unless it is the one canonical spelling."""
    try:
        raw = binascii.a2b_base64(data.translate(_TO_STANDARD) + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None
    spelled = binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=")
    return raw if spelled == data else None


def _segment_object(segment: bytes) -> "JsonObject | None":
    raw = decode_base64url(segment)
    read = None if raw is None else decode(raw, MAX_LENGTH)
    return read.value if isinstance(read, Document) and isinstance(read.value, dict) else None


def _sane(header: JsonObject) -> bool:
    """No extension that must be understood, and a type that an access token may have."""
    kind = header.get("typ", "JWT")
    return (
        "crit" not in header
        and "b64" not in header
        and isinstance(kind, str)
        and kind.lower() in _ACCESS_TYPES
    )
