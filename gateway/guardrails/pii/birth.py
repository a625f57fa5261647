"""Dates of birth: dates that words announce as such. Pure: no I/O, no clock."""

import re
from datetime import date
from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Candidate, Pattern
from gateway.guardrails.pii.number import LIKELY

_WORDS: Final = (
    r"date[ _\-]?of[ _\-]?birth|birth[ _\-]?da(?:te|y)|\bd\.?o\.?b\b\.?|\bborn\b|geburtsdatum"
    r"|geboren|\bgeb\.|date[ _]de[ _]naissance|\bne\(?e?\)? le\b|fecha[ _]de[ _]nacimiento"
    r"|\bnacid[oa]\b|data[ _]di[ _]nascita|\bnat[oa] il\b|geboortedatum|data[ _]urodzenia"
    r"|urodzon[ya]|fodelsedatum|data[ _]de[ _]nascimento|nascid[oa]"
)
_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
_DATE: Final = (
    r"(?:19|20)\d\d[\-/.](?:0?[1-9]|1[0-2])[\-/.](?:3[01]|[12]\d|0?[1-9])"
    rf"|{_DAY}(?:[\-/.]|\. ){_DAY}(?:[\-/.]|\. )(?:(?:19|20)\d\d|\d\d)"
    rf"|{_DAY}(?:st|nd|rd|th)?[ \-.](?:of )?{_MONTH}\.?,?[ \-](?:(?:19|20)\d\d|\d\d)"
    rf"|{_MONTH}\.? (?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?,? (?:19|20)\d\d"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:3[01]|[12]\d|0[1-9])"
)
_PARTS: Final = re.compile(r"\d+|[A-Za-z]{3,}")
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")


def is_date(text: str) -> bool:
    """Whether the calendar has such a day, in the order year-month-day, day-month-year or
    month-day-year, the month in figures or in English."""
    joined = _COMPACT.fullmatch(text)
    parts = list(joined.groups()) if joined else _PARTS.findall(text)
    named = [_MONTHS.index(p[:3].lower()) + 1 for p in parts if p[:3].lower() in _MONTHS]
    figures = [int(p) for p in parts if p.isdigit()]
    if named:
        return len(figures) > 1 and _exists(figures[1], named[0], figures[0])
    if len(figures) < 3:
        return False
    one, two, three = figures[:3]
    if len(parts[0]) == 4:
        return _exists(one, two, three)
    return _exists(three, two, one) or _exists(three, one, two)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year if year > 99 else 1900 + year, month, day)
    except ValueError:
        return False
    return True


def _born(candidate: Candidate) -> float | None:
    if candidate.after[:1].isalnum():
        return None
    return LIKELY if is_date(candidate.text) else None


KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "date_of_birth",
        "date that words announce as one of birth",
        (
            Pattern(
                name="date_of_birth",
                regex=rf"(?:{_WORDS})[\t-/:-~]{{0,40}}?\b({_DATE})",
                category="date_of_birth",
                group=1,
                caseless=True,
                validate=_born,
            ),
            Pattern(
                name="date_of_birth_column",
                regex=rf"(?:{_WORDS})[ -/:-~]{{0,20}}\n[ -~]{{0,40}}?[,;|\t]({_DATE})",
                category="date_of_birth",
                group=1,
                caseless=True,
                validate=_born,
            ),
            Pattern(
                name="date_of_birth_before",
                regex=rf"\b({_DATE}) (?:as|is|was|for)(?: (?:the|my|your|his|her|their))? "
                rf"(?:{_WORDS})",
                category="date_of_birth",
                group=1,
                caseless=True,
                validate=_born,
            ),
        ),
    ),
)
