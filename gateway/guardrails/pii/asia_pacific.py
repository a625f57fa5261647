"""National numbers of people in India and Australia. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import FORM, always, number
from gateway.guardrails.pii.standard import checked

_MEDICARE: Final = (1, 3, 7, 9, 1, 3, 7, 9)


def is_medicare(digits: str) -> bool:
    """Whether the ninth digit is the weighted sum of the first eight, modulus 10, and the tenth,
    the issue, is not zero (Services Australia)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _MEDICARE, strict=False))
    return total % 10 == int(digits[8]) and digits[9] != "0"


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "india_aadhaar",
        "Aadhaar number of India",
        r"[2-9]\d{3}[ \-]?\d{4}[ \-]?\d{4}",
        checked("in_.aadhaar"),
        ("aadhaar", "aadhar", "adhaar", "uidai", "uid"),
    ),
    number(
        "india_pan",
        "permanent account number of India, PAN",
        r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]",
        checked("in_.pan"),
        ("pan", "permanent account", "income tax"),
        alone=always(FORM),
    ),
    number(
        "australia_tfn",
        "tax file number of Australia",
        r"\d{3}[ \-]?\d{3}[ \-]?\d{2,3}",
        checked("au.tfn"),
        ("tfn", "tax file", "tax_file"),
    ),
    number(
        "australia_medicare",
        "Medicare card number of Australia",
        r"[2-6]\d{3}[ \-]?\d{5}[ \-]?\d(?:[ \-/]?[1-9])?",
        is_medicare,
        ("medicare",),
    ),
)
