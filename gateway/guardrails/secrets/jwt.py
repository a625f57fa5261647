"""JSON Web Tokens (RFC 7519) that are signed or encrypted. Pure: no I/O, no clock."""

import base64
import binascii
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.placeholder import is_repetitive
from gateway.guardrails.secrets.token import CERTAIN

_HEADER: Final = (b'"alg"', b'"typ"', b'"enc"', b'"kid"')


def _token(candidate: Candidate) -> float | None:
    """Its header is base64url of a JSON object that names an algorithm."""
    head = candidate.text.partition(".")[0]
    try:
        header = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except binascii.Error:
        return None
    if is_repetitive(candidate.text) or not any(name in header for name in _HEADER):
        return None
    return CERTAIN


JWT: Final = Kind(
    "jwt",
    "JSON Web Token",
    (
        Pattern(
            name="jwt",
            regex=r"ey[JK][A-Za-z0-9_\-]{12,500}\.(?:ey[A-Za-z0-9_\-]{8,1000}[A-Za-z0-9_\-]{0,500})"
            r"\.[A-Za-z0-9_\-]{20,700}",
            category="jwt",
            longest=2800,
            opening=r"ey[JK][A-Za-z0-9_\-]{12,500}\.",
            validate=_token,
        ),
    ),
)
