"""The form of a W3C traceparent. Pure: no I/O, no clock.

Source: Trace Context, section 3.2. Neither an id of zeros nor the version ff is valid.
"""

import re
from typing import Final

TRACEPARENT_FORM: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
"""For `fullmatch`; its groups are trace id, parent id and flags."""


def same_trace(one: str | None, other: str | None) -> bool:
    """Whether two traceparents are of the same trace; what is not valid is of none."""
    found = _trace_id(one)
    return found is not None and found == _trace_id(other)


def _trace_id(traceparent: str | None) -> str | None:
    match = TRACEPARENT_FORM.fullmatch(traceparent or "")
    return None if match is None else match[1]
