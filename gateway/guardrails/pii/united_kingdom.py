"""National insurance and NHS numbers of the United Kingdom. Pure: no I/O, no clock.

National insurance: HMRC's manual NIM39110. NHS: the data dictionary of the NHS, modulus 11.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import LIKELY, always, number
from gateway.guardrails.pii.standard import checked

_NEVER: Final = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})


def is_nino(text: str) -> bool:
    """Whether its prefix may be given out."""
    return text[:2] not in _NEVER


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "uk_nino",
        "national insurance number of the United Kingdom",
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:\d{6}|[ \-]?\d\d[ \-]\d\d[ \-]\d\d[ \-]?)[A-D]",
        is_nino,
        ("nino", "national insurance", "national_insurance", "ni number", "insurance no"),
        alone=always(LIKELY),
    ),
    number(
        "uk_nhs",
        "NHS number of the United Kingdom",
        r"\d{3}[ \-]?\d{3}[ \-]?\d{4}",
        checked("gb.nhs"),
        ("nhs", "nhsno", "nhsnumber", "patient", "health service"),
    ),
)
