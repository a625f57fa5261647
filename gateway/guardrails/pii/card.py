"""Payment card numbers (ISO/IEC 7812): issuer ranges, lengths, the Luhn check digit.

Pure: no I/O, no clock.
"""

from dataclasses import replace
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.context import near
from gateway.guardrails.pii.number import SURE, always, number

_SEP: Final = r"[ .\-]"
_GROUPED: Final = rf"[2-6]\d{{3}}(?:{_SEP}\d{{4}}){{3}}{_SEP}\d{{3}}"
_FORM: Final = (
    rf"[2-6]\d{{3}}{_SEP}\d{{4}}{_SEP}\d{{4}}{_SEP}\d{{4}}"
    rf"|3[47]\d{{2}}{_SEP}\d{{6}}{_SEP}\d{{5}}"
    rf"|3[0689]\d{{2}}{_SEP}\d{{6}}{_SEP}\d{{4}}"
    rf"|[2-6]\d{{12,18}}"
)
_RANGES: Final[tuple[tuple[int, int, frozenset[int]], ...]] = (
    # the first and last six digits of an issuer, and how long its numbers are
    (222100, 272099, frozenset({16})),  # Mastercard
    (300000, 305999, frozenset({14, 16, 19})),  # Diners Club
    (309500, 309599, frozenset({14, 16, 19})),
    (340000, 349999, frozenset({15})),  # American Express
    (352800, 358999, frozenset({16, 17, 18, 19})),  # JCB
    (360000, 369999, frozenset({14, 16, 19})),  # Diners Club
    (370000, 379999, frozenset({15})),  # American Express
    (380000, 399999, frozenset({14, 16, 19})),  # Diners Club
    (400000, 499999, frozenset({13, 16, 19})),  # Visa
    (500000, 509999, frozenset({12, 13, 14, 15, 16, 17, 18, 19})),  # Maestro, Elo
    (510000, 559999, frozenset({16})),  # Mastercard
    (560000, 599999, frozenset({12, 13, 14, 15, 16, 17, 18, 19})),  # Maestro
    (600000, 699999, frozenset({13, 14, 15, 16, 17, 18, 19})),  # Discover, UnionPay, Maestro, RuPay
)
_LUHN: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1 annex B)."""
    total = sum(map(int, digits[-1::-2])) + sum(_LUHN[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether an issuer has such numbers and the check digit is right. A single digit
    repeated is no card's."""
    issuer = int(digits[:6])
    return (
        any(low <= issuer <= high and len(digits) in sizes for low, high, sizes in _RANGES)
        and len(set(digits)) > 1
        and luhn(digits)
    )


_something_else: Final = near(
    "order", "invoice", "cnpj", "cpf", "tracking", "timestamp", "bytes", "serial", "imei", "isbn",
    "ean", "gtin", "barcode", "sku", "loss", "seed", "nanos", "offset", "checksum",
)  # fmt: skip


def _unless_something_else(kind: Kind) -> Kind:
    """Joined digits under another name are taken for what they are called."""
    return replace(kind, patterns=tuple(map(_judged, kind.patterns)))


def _judged(pattern: Pattern) -> Pattern:
    judged = pattern.validate

    def score(candidate: Candidate) -> float | None:
        if candidate.text.isdigit() and not _called(candidate) and _something_else(candidate):
            return None
        return judged(candidate) if judged else None

    return replace(pattern, validate=score)


_WORDS: Final = (
    "card", "visa", "mastercard", "amex", "american express", "kreditkarte", "carte", "tarjeta",
    "pan", "credit", "maestro",
)  # fmt: skip
_called: Final = near(*_WORDS)

KINDS: Final[tuple[Kind, ...]] = (
    _unless_something_else(
        number(
            "credit_card",
            "payment card number",
            (_FORM, _GROUPED),
            is_card,
            _WORDS,
            alone=always(SURE),
        )
    ),
)
