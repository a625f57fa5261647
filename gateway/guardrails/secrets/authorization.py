"""Credentials of HTTP requests as headers (RFC 9110 section 11.6.2) and as options of curl.

Pure: no I/O, no clock.
"""

import base64
import binascii
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.entropy import entropy, is_random
from gateway.guardrails.secrets.placeholder import is_filled_in, is_placeholder
from gateway.guardrails.secrets.token import LIKELY

_DOCUMENTED: Final = frozenset({"aladdin:open sesame", "test:123£", "user:password"})
"""The credentials of RFC 7617 and of many a manual."""
_LEAST: Final = 2.5
_SHORTEST: Final = 8


def _header(candidate: Candidate) -> float | None:
    text = candidate.text
    if is_placeholder(text) or not any(c.isdigit() or c.isupper() for c in text):
        return None
    if not any(c.isdigit() for c in text) and not is_random(text):
        return None
    return LIKELY if entropy(text) >= _LEAST else None


def _basic(candidate: Candidate) -> float | None:
    """Basic credentials: base64 of user:password."""
    text = candidate.text
    if is_placeholder(text):
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except binascii.Error:
        return None
    user, colon, password = decoded.partition(":")
    if not colon or not (user.isprintable() and user) or decoded.lower() in _DOCUMENTED:
        return None
    return None if password and is_placeholder(password) else LIKELY


def _user(candidate: Candidate) -> float | None:
    """user:password as curl takes it; the user or the password may be empty, not both."""
    text = candidate.text.strip("\"'")
    user, _, password = text.partition(":")
    user, password = user.strip("\"'{}"), password.strip("\"'{}")
    secret = password or user
    if len(secret) < _SHORTEST or is_filled_in(secret):
        return None
    return LIKELY if entropy(secret) >= _LEAST and not secret.isdigit() else None


AUTHORIZATION: Final[tuple[Kind, ...]] = (
    Kind(
        "http_credentials",
        "credentials of an Authorization or API key header, or of curl -u",
        (
            Pattern(
                name="authorization_header",
                regex=r"authorization\\?[\"']?\s{0,3}[:=,]\s{0,3}\\?[\"']?"
                r"(?:bearer|token|api-token|apikey|key)?[ \t]{0,3}([\w.\-~+/=:@]{16,1000})",
                category="http_credentials",
                group=1,
                longest=1050,
                opening=r"[Bb]earer[ \t]{1,3}[\w.\-~+/=]{32}",
                caseless=True,
                validate=_header,
            ),
            Pattern(
                name="authorization_basic",
                regex=r"authorization\\?[\"']?\s{0,3}[:=,]\s{0,3}\\?[\"']?basic[ \t]{1,3}"
                r"([A-Za-z0-9+/]{8,500}={0,2})",
                category="http_credentials",
                group=1,
                longest=560,
                opening=r"[Bb]asic[ \t]{1,3}[A-Za-z0-9+/]{32}",
                caseless=True,
                validate=_basic,
            ),
            Pattern(
                name="key_header",
                regex=r"(?:-H|--header)[= \t]{0,3}\\?[\"'](?:x-)?(?:[a-z]{1,20}-)?"
                r"(?:api-?key|api-?token|auth-?token|access-?token|private-token|token|apikey)"
                r":[ \t]{0,3}([\w.\-~+/=]{8,256})",
                category="http_credentials",
                group=1,
                longest=330,
                caseless=True,
                validate=_header,
            ),
            Pattern(
                name="curl_user",
                regex=r"curl\b[\t-~]{0,300}[ \t](?:-u|--user|-U|--proxy-user)[= \t]{0,3}"
                r"([\"']?[!#%&(-9=-~]{0,80}[\"']?:[\"']?[!#-&(-;=-~]{0,120})",
                category="http_credentials",
                group=1,
                longest=600,
                validate=_user,
            ),
        ),
    ),
)
