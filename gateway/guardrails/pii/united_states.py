"""Social security and taxpayer numbers of the United States. Pure: no I/O, no clock.

They have no check digit: only the rules of the Social Security Administration (20 CFR 422.103,
numbers since 2011) and of the IRS (Publication 1915) on which numbers are never given.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import LIKELY, number

_FORM: Final = r"\d{3}-\d\d-\d{4}|\d{3}[ .]\d\d[ .]\d{4}|\d{9}"
_NEVER: Final = frozenset({"078051120", "219099999", "123456789", "987654321"})
_ITIN: Final = frozenset((*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)))
_DASHED: Final = 11


def is_ssn(digits: str) -> bool:
    """Whether the number may have been given: no part is zero, the area is not 666 or 9xx."""
    return (
        digits[:3] not in {"000", "666"}
        and digits[0] != "9"
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and digits not in _NEVER
        and len(set(digits)) > 1
    )


def is_itin(digits: str) -> bool:
    """Whether it begins with 9 and its fourth and fifth digit are in the ranges of the IRS."""
    return digits[0] == "9" and int(digits[3:5]) in _ITIN


def _dashed(text: str) -> float | None:
    return LIKELY if len(text) == _DASHED and text[3] == text[6] == "-" else None


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "us_ssn",
        "social security number of the United States",
        _FORM,
        is_ssn,
        ("ssn", "ssns", "social security", "social_security", "socialsecurity", "soc sec"),
        alone=_dashed,
    ),
    number(
        "us_itin",
        "individual taxpayer number of the United States",
        _FORM,
        is_itin,
        ("itin", "taxpayer", "tax id", "tax_id", "taxid", "irs"),
        alone=_dashed,
    ),
)
