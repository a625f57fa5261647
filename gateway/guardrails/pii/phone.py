"""Telephone numbers, by the numbering plans in phonenumbers (libphonenumber, ITU-T E.164).

Pure: no I/O, no clock. In international form (+ or 00) the plan alone decides. In national form
nearly every row of digits is somebody's number, so that a word has to come before it; forms that
little else has ((415) 555-2671) and forms of regions that a Guardrail names count without.
"""

import re
from collections.abc import Iterable
from typing import Final, Protocol, cast

import phonenumbers

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern, Validate
from gateway.guardrails.pii.context import near
from gateway.guardrails.pii.number import BREAK, FAINT, FORM, LIKELY, SURE, TOLD, is_embedded

REGIONS: Final = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "PL", "SE", "BR", "IN", "AU")
"""Whose national forms are judged where a Guardrail names none."""

_WORD: Final = (
    r"(?i:phone|\btel|telefon|telephone|mobil|\bcell|handy|\bfax|whatsapp|\bsms\b|\bcall(?:ed)?\b"
    r"|\bdial|\btext(?:ed)? (?:me|us|him|her|them|to|at)\b|\breach|\bring\b|msisdn|hotline"
    r"|portable|\bcontact)"
)
_told: Final = near(
    "phone", "telephone", "tel", "telefon", "mobil", "cell", "handy", "fax", "whatsapp", "sms",
    "call", "dial", "reach", "ring", "msisdn", "hotline", "portable", "contact",
)  # fmt: skip
_something_else: Final = near(
    "order", "invoice", "ticket", "account", "nhs", "patient", "serial", "part", "sku", "isbn",
    "tracking", "case", "ref", "reference", "timestamp", "id", "number", "version", "bsn", "sin",
)  # fmt: skip
_DIGITS: Final = r"(?:[ .\-/]?\(0\))?(?:[ .\-/()]{0,2}\d)"
_FIXED: Final = (
    rf"(?:45|47|65){_DIGITS}{{8}}\b|(?:27|31|33|34|41|48|61|351){_DIGITS}{{9}}\b"
    rf"|(?:7|44|52|90|91){_DIGITS}{{10}}\b|86{_DIGITS}{{11}}\b"
)
"""Countries whose numbers are all of one length: digits that follow a space are not theirs."""
_INTERNATIONAL: Final = (
    r"\+1[ .\-]?(?:\(\d{3}\)|\d{3})[ .\-/]?\d{3}[ .\-]?\d{4}"
    rf"|(?:\+|\b00)(?:{_FIXED})"
    r"|\+[2-9]\d{0,2}(?:[ .\-/]?\(0\))?(?:[ .\-/]?\(?\d{1,5}\)?){1,2}(?:[ .\-/]?\d{2,6}){1,5}"
    r"|\b00[2-9]\d{0,2}(?:[ .\-/]\(?\d{1,5}\)?){1,2}(?:[ .\-/]?\d{2,6}){1,5}"
    r"|\b00[2-9]\d{8,13}"
)
_NATIONAL: Final = (
    r"\(\d{2,5}\)[ \-]?\d{2,5}(?:[ .\-]\d{2,5}){0,3}"
    r"|\d{2,5}(?:[ .\-/]{1,3}\d{2,8}){1,5}"
    r"|\d{8,12}"
)
_DISTINCT: Final = r"(?:\b1[ .\-])?(?:\(\d{3}\) ?|\b\d{3}[.\-])\d{3}[.\-]\d{4}\b"
_TRUNK: Final = frozenset({"GB", "DE", "FR", "NL", "SE", "AU", "IT", "CH", "AT", "BE", "FI", "IE",
                           "NZ", "JP", "ZA", "TR", "KR", "IL", "UA", "RO"})  # fmt: skip
"""Regions whose national numbers are written with a leading zero."""
_FEWEST, _MOST = 7, 15
_GROUP_BEFORE: Final = re.compile(r"[0-9][ .\-/]\Z")
_NORTH: Final = re.compile(r"\(?\d{3}\)?[ .\-/]{0,2}\d{3}[ .\-]\d{4}")
_NORTHERN: Final = frozenset({"US", "CA"})


class _Parsed(Protocol):
    """What phonenumbers makes of a text; only handed on."""


class _Plans(Protocol):
    """The part of phonenumbers that is used here, with types."""

    def parse(self, number: str, region: str | None = None) -> _Parsed: ...

    def is_valid_number(self, numobj: _Parsed) -> bool: ...

    def is_valid_number_for_region(self, numobj: _Parsed, region_code: str) -> bool: ...


_PLANS: Final = cast("_Plans", phonenumbers)


def is_international(text: str) -> bool:
    """Whether a country's plan has the number (+ or 00 before the country's code)."""
    try:
        return _PLANS.is_valid_number(
            _PLANS.parse(f"+{text[2:]}" if text.startswith("00") else text)
        )
    except phonenumbers.NumberParseException:
        return False


def is_national(text: str, regions: Iterable[str]) -> bool:
    """Whether the plan of one of `regions` has the number as dialled there."""
    digits = re.sub(r"\D", "", text)
    if not _FEWEST <= len(digits) <= _MOST or len(set(digits)) == 1:
        return False
    trunk = digits[0] == "0"
    if _NORTH.fullmatch(text) and not trunk:
        regions = _NORTHERN.union({"IT"} if digits[0] == "3" else ()).intersection(regions)
    for region in regions:
        if trunk != (region in _TRUNK) and not (region == "IT" and digits[0] == "3"):
            continue
        try:
            if _PLANS.is_valid_number_for_region(_PLANS.parse(text, region), region):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _international(candidate: Candidate) -> float | None:
    joined = candidate.before[-1:].isalnum() and not BREAK.search(candidate.before)
    if joined or candidate.after[:1].isdigit():
        return None
    if candidate.text[0] == "0" and _GROUP_BEFORE.search(candidate.before):
        return None
    if not is_international(candidate.text):
        return None
    return SURE if candidate.text[0] == "+" or _told(candidate) else LIKELY


def _announced(regions: tuple[str, ...]) -> Validate:
    def score(candidate: Candidate) -> float | None:
        if is_embedded(candidate) or not is_national(candidate.text, regions):
            return None
        return TOLD

    return score


def _distinct(regions: tuple[str, ...]) -> Validate:
    def score(candidate: Candidate) -> float | None:
        if is_embedded(candidate) or candidate.before[-1:] == "+":
            return None
        told = _told(candidate)
        if not told and _something_else(candidate):
            return None
        if not is_national(candidate.text, regions):
            return None
        if told:
            return TOLD
        return LIKELY if candidate.text.lstrip("1 .-")[0] == "(" else FAINT

    return score


def _shaped(regions: tuple[str, ...]) -> Validate:
    def score(candidate: Candidate) -> float | None:
        if is_embedded(candidate) or _something_else(candidate):
            return None
        return FORM if is_national(candidate.text, regions) else None

    return score


def phone(regions: tuple[str, ...], *, named: bool) -> Kind:
    """Telephone numbers; national forms of `regions` (ISO 3166), which with `named` need no word
    before them if digits are grouped."""
    north = tuple(region for region in regions if region in _NORTHERN)
    patterns = [
        Pattern("phone_international", _INTERNATIONAL, "phone_number", longest=40, costly=True,
                validate=_international),
        Pattern("phone_announced", rf"{_WORD}[\t-*,-/:-~]{{0,48}}?({_NATIONAL})\b",
                "phone_number", group=1, longest=224, costly=True, validate=_announced(regions)),
        Pattern("phone_column", rf"{_WORD}[ -/:-~]{{0,20}}\n[ -~]{{0,40}}?[,;|\t]({_NATIONAL})\b",
                "phone_number", group=1, longest=224, costly=True, validate=_announced(regions)),
    ]  # fmt: skip
    if north:
        patterns.append(
            Pattern("phone_distinct", _DISTINCT, "phone_number", longest=24, costly=True,
                    validate=_distinct(north))
        )  # fmt: skip
    if named:
        patterns.append(
            Pattern("phone_shaped", rf"(?:\b|\(){_SHAPED}\b", "phone_number", longest=40,
                    costly=True, validate=_shaped(regions))
        )  # fmt: skip
    return Kind("phone_number", "telephone number", tuple(patterns))


_SHAPED: Final = r"\(?\d{2,5}\)?(?:[ \-/]\d{2,8}){1,5}"
