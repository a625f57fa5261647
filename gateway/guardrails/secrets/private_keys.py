"""Private keys in textual form: PEM (RFC 7468), OpenSSH, OpenPGP (RFC 9580), PuTTY.

Pure: no I/O, no clock.
"""

import re
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.secrets.token import CERTAIN

_LEAST: Final = 40
_BREAKS: Final = re.compile(r"\\[rn]|[\s\"'+,|#>*/\\]")
_HEADER: Final = re.compile(r"-----BEGIN[^-]{0,60}-----")
_END: Final = re.compile(r"-----END.*", re.DOTALL)
_HEADER_LINES: Final = re.compile(r"(?m)^[A-Za-z\-]{2,20}:[^\n\\]*(?:\n|\\n)")
_BODY: Final = re.compile(r"[A-Za-z0-9+/=]*")


def _key(candidate: Candidate) -> float | None:
    """Base64 of 40 characters at least between the lines, or up to where the text ends."""
    body = _END.sub("", _HEADER.sub("", candidate.text, count=1))
    body = _BREAKS.sub("", _HEADER_LINES.sub("", body))
    solid = _BODY.match(body)
    return CERTAIN if solid and len(solid.group()) >= _LEAST else None


_CONTENT: Final = r"[\t-,.-z]{40,}"
"""Without an upper bound, which RE2 would search a thousand times as long: `longest` is one."""

_BEGIN: Final = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_FINISH: Final = r"(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
_LINES: Final = (
    r"\s{0,4}(?:\\n)?(?:Proc|DEK|Version|Comment|Hash|Charset|Key|Subject)[ -~\s]{0,300}?"
    r"(?:\n\r?\n|\\n\\n)"
)

PRIVATE_KEY: Final = Kind(
    "private_key",
    "private key block; all of it is masked",
    (
        Pattern(
            name="private_key_block",
            regex=_BEGIN + _CONTENT + _FINISH,
            category="private_key",
            longest=4096,
            open_ended=True,
            opening=r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY",
            validate=_key,
        ),
        Pattern(
            name="private_key_with_headers",
            # The line of its end is no secret; with it Hyperscan finds the pattern too large.
            regex=_BEGIN + _LINES + _CONTENT,
            category="private_key",
            longest=4096,
            open_ended=True,
            validate=_key,
        ),
        Pattern(
            name="putty_private_key",
            regex=r"Private-Lines: \d{1,3}\s{1,2}[A-Za-z0-9+/=\s]{64,}",
            category="private_key",
            longest=2048,
            open_ended=True,
            opening=r"Private-Lines: \d",
            score=CERTAIN,
        ),
    ),
)
