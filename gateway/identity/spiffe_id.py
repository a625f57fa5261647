"""The syntax of SPIFFE IDs. Pure: no I/O, no clock.

Source: SPIFFE-ID specification, sections 2.1 to 2.4, and X.509-SVID 5.2 (a workload's certificate
names an ID with a path).
"""

import re
from typing import Final

SCHEME: Final = "spiffe://"
MAX_LENGTH: Final = 2048
_WORKLOAD: Final = re.compile(
    r"spiffe://[a-z0-9._-]{1,255}(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)+"
)


def is_workload_id(text: str) -> bool:
    """Whether `text` is exactly a SPIFFE ID of a workload: trust domain and non-empty path."""
    return len(text) <= MAX_LENGTH and _WORKLOAD.fullmatch(text) is not None


def trust_domain(workload_id: str) -> str:
    """The trust domain of a SPIFFE ID: who issued it."""
    return workload_id.removeprefix(SCHEME).partition("/")[0]


def the_workload_id(uri_sans: tuple[str, ...]) -> str | None:
    """The one SPIFFE ID of a certificate with these URI SANs; None when it is no valid SVID.

    A certificate with several URI SANs is never an SVID (X.509-SVID 2), whichever they are.
    """
    if len(uri_sans) != 1 or not is_workload_id(uri_sans[0]):
        return None
    return uri_sans[0]
