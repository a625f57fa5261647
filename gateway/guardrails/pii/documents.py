"""Numbers of passports and driving licences. Pure: no I/O, no clock.

Issuers differ and most have no check digit that can be seen, so a word has to be near, and the
score is low even so.
"""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import FAINT, number

_LEAST_DIGITS: Final = 5


def has_digits(text: str) -> bool:
    """Whether five of its signs are digits, so that it is no word."""
    return sum(sign.isdigit() for sign in text) >= _LEAST_DIGITS


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "passport",
        "passport number with a word that says so near it; never more than LOW",
        r"\d{8,9}|[A-Z]{1,2}\d{6,8}|[A-Z]{3}\d{6}|\d\d[A-Z]{2}\d{5}|[CFGHJKLMNPRTVWXYZ][A-Z0-9]{8}",
        has_digits,
        ("passport", "reisepass", "passeport", "pasaporte", "passaporto", "paspoort", "paszport"),
        worth=FAINT,
    ),
    number(
        "driving_licence",
        "driving licence number with a word that says so near it; never more than LOW",
        r"[A-Z]{0,3}\d{6,9}|[A-Z]\d{11,14}|[A-Z]\d{3}(?:[ \-]\d{1,4}){2,4}"
        r"|[A-Z9]{5}\d{6}[A-Z9]{2}[A-Z0-9]{3}|[A-Z0-9]{10,13}",
        has_digits,
        ("driver's licen", "drivers licen", "driver licen", "driver_licen", "driving licen",
         "driving_licen", "driverlicen", "drivinglicen", "fuhrerschein", "fuehrerschein",
         "permis de conduire", "rijbewijs", "patente di guida", "permiso de conducir"),
        worth=FAINT,
    ),
)  # fmt: skip
