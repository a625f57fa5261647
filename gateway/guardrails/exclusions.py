"""Findings that somebody has looked at and let pass, with owner, reason and expiry.

Pure: no I/O, no clock: today is a parameter.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.config.section import Section
from gateway.guardrails.normal import normalised
from gateway.guardrails.regex import Regex, compiled

_Told = Annotated[str, Field(min_length=1, max_length=500)]


class Exclusion(Section):
    """What is no finding although a detector says so: by `fingerprint` or by `pattern`."""

    fingerprint: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{32}$",
        description="Of one text as one category of one detector, as `gatehouse scan` prints it.",
    )
    pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="RE2. All of what was found has to match it, or with `within: surroundings` a "
        "part of the text around that overlaps it.",
    )
    within: Literal["match", "surroundings"] = Field(
        default="match",
        description="`surroundings`: what was found and 64 characters before and after it.",
    )
    owner: _Told = Field(description="Who answers for it.")
    reason: _Told
    expires: date = Field(description="The last day on which it applies, e.g. 2027-01-31.")
    detectors: tuple[str, ...] = Field(default=(), description="Empty: those of all detectors.")
    categories: tuple[str, ...] = Field(default=(), description="Empty: those of all categories.")
    tools: tuple[str, ...] = Field(
        default=(), description="Only in calls, results and definitions of these. Empty: anywhere."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.fingerprint is None) == (self.pattern is None):
            raise ValueError("name either `fingerprint` or `pattern`")
        if self.pattern is not None:
            try:
                regex = compiled(self.pattern)
            except ValueError as error:
                raise ValueError(f"`pattern` is no RE2 expression: {error}") from error
            if regex.fullmatch("") is not None:
                raise ValueError("`pattern` matches the empty text, so it would exclude anything")
        return self


@dataclass(frozen=True, slots=True)
class Matched:
    """A finding with its text, for the moment of the decision: `text` as it stands in the message,
    up to 64 characters `before` and `after` it, the `tool` that it is about ("" for none)."""

    detector: str
    category: str
    text: str
    before: str = ""
    after: str = ""
    tool: str = ""


@dataclass(frozen=True, slots=True)
class _Compiled:
    exclusion: Exclusion
    regex: Regex | None

    def covers(self, found: Matched) -> bool:
        one = self.exclusion
        if one.detectors and found.detector not in one.detectors:
            return False
        if one.categories and found.category not in one.categories:
            return False
        if one.tools and found.tool not in one.tools:
            return False
        if self.regex is None:
            return one.fingerprint == fingerprint(found.detector, found.category, found.text)
        if one.within == "match":
            return self.regex.fullmatch(found.text) is not None
        return _overlaps(self.regex, found)


class Exclusions:
    """Those of one Guardrail. `expired` are the ones that no longer apply, for a warning."""

    def __init__(self, exclusions: Sequence[Exclusion], today: date) -> None:
        self.expired: Final = tuple(one for one in exclusions if one.expires < today)
        self._valid = tuple(
            _Compiled(one, compiled(one.pattern) if one.pattern is not None else None)
            for one in exclusions
            if one.expires >= today
        )

    def __bool__(self) -> bool:
        """Whether any applies."""
        return bool(self._valid)

    def of(self, found: Matched, today: date | None = None) -> Exclusion | None:
        """The first that lets the finding pass. One that has expired by `today` does not: what is
        loaded is judged by for weeks; None: it is the day on which it was loaded."""
        for one in self._valid:
            if (today is None or one.exclusion.expires >= today) and one.covers(found):
                return one.exclusion
        return None


def fingerprint(detector: str, category: str, matched_text: str) -> str:
    """32 hex characters that stand for a text as a finding: SHA-256 over detector, category and
    normal form of what matched, each ended by a NUL but the last. The same text found in another
    place, or with other invisible characters in it, has the same."""
    told = f"{detector}\0{category}\0{normalised(matched_text).text}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _overlaps(regex: Regex, found: Matched) -> bool:
    """Whether a match in the surroundings shares a character with the finding."""
    text = found.before + found.text + found.after
    begin, end = len(found.before), len(found.before) + len(found.text)
    offset = 0
    while (match := regex.search(text[offset:])) is not None:
        start, stop = offset + match.start(), offset + match.end()
        if start >= end:
            return False
        if stop > begin:
            return True
        offset = max(stop, offset + 1)
    return False
