"""E-mail addresses (RFC 5321, RFC 5322) as people write them. Pure: no I/O, no clock.

Quoted local parts and addresses spelt out in words ("alice at example dot com") are not found.
"""

import re
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.number import SURE

_FILES: Final = """
service socket target timer mount png jpg jpeg gif svg webp ico css scss js jsx ts tsx mjs json yaml
yml xml html htm md txt csv log py pyc rb rs go java class cpp hpp sql exe dll so dylib jar war lock
toml ini cfg conf tmp bak
"""
_NOT_TOP_LEVEL: Final = frozenset(_FILES.split())
_CREDENTIALS: Final = re.compile(r"://[^\s/@]*:\Z")
_NO_PERSONS: Final = frozenset({"git", "hg", "svn"})


def _address(candidate: Candidate) -> float | None:
    """Not the password and host of a URL, not the user of a repository, not a file."""
    local, _, domain = candidate.text.rpartition("@")
    top = domain.rpartition(".")[2].lower()
    if top in _NOT_TOP_LEVEL or ".." in candidate.text or local.lower() in _NO_PERSONS:
        return None
    if _CREDENTIALS.search(candidate.before) or candidate.after[:1] in {"@", "("}:
        return None
    return SURE


KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "email_address",
        "e-mail address",
        (
            Pattern(
                name="email_address",
                regex=r"(?:\b|\\[nrt])([A-Za-z0-9_](?:[A-Za-z0-9._%+\-']{0,62}[A-Za-z0-9_+%\-])?"
                r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,40}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,18})\b",
                category="email_address",
                group=1,
                validate=_address,
            ),
        ),
    ),
)
