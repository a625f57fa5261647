"""Where one pattern matches, the same however a text comes in pieces. Pure: no I/O, no clock.

A search that sees more of a text may prefer another match than one that sees less, so what counts
is said for every point of the text, as if it came byte by byte. When `now` bytes are there, the
match in sight is RE2's leftmost one within the last `longest` + SETTLED of them, from the end of
the match before. It is settled, and counts, once SETTLED bytes follow it. So what counts depends
on nothing that comes later, and a match that is longer than `longest` is never settled; of an
open-ended pattern it is its first `longest` bytes.

What is in sight changes only for a match that ends later than all that was seen before. That is
why a whole text need not be looked at byte by byte: a match that RE2 finds first in all of it and
that is no longer than SETTLED cannot be forestalled by another, and for a longer one it is enough
to look at every SETTLED bytes.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.guardrails.budget import Budget
from gateway.guardrails.byte_regex import ByteRegex, Span, byte_regex, is_ascii_only
from gateway.guardrails.normal import normalised
from gateway.guardrails.pattern import CONTEXT, LONGEST, Candidate, Pattern
from gateway.model.passage import Part

SETTLED: Final = 64
"""Bytes of UTF-8 that follow a match before it counts, where the text has not ended."""

_WIDEST: Final = 4
"""Bytes of a character, at most."""

BEFORE: Final = CONTEXT * _WIDEST
"""Bytes before a match that hold what a validator may look at."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match that is a finding: `start` and `end` are characters of the original text, `pattern`
    is the name of the pattern within `detector`."""

    detector: str
    category: str
    start: int
    end: int
    score: float
    pattern: str


class Sighting(NamedTuple):
    """A match that counts from when `now` bytes are there; `start` and `end` are bytes of the
    text, `first` and `last` those of the group that is the finding. They sort by when they count,
    then by where they begin, then by `number`, the pattern's."""

    now: int
    start: int
    number: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Matcher:
    """A pattern, compiled. `longest` is in bytes."""

    number: int
    detector: str
    pattern: Pattern
    regex: ByteRegex = field(repr=False)
    source: str = field(repr=False)
    longest: int
    wide: bool
    opening: ByteRegex | None = field(repr=False)

    def sightings(self, data: bytes) -> Iterator[Sighting]:
        """Every match that counts in a whole text."""
        search, size = self.regex.search, len(data)
        start = now = 0
        while start <= size:
            # What is older is out of sight.
            start = max(start, now - self.longest - SETTLED)
            found = search(data, start, size)
            if found is None:
                return
            first, last = found.span()
            if last - first <= SETTLED:
                now = max(now, last + SETTLED)
                yield self.sighting(found, now, 0)
                start = max(last, first + 1)
                continue
            now = max(now, first + SETTLED)
            for sighting in self._stepped(data, start, now, last + SETTLED):
                start, now = sighting.end, sighting.now
                yield sighting
            now = max(now, last + SETTLED)

    def _stepped(self, data: bytes, start: int, now: int, until: int) -> Iterator[Sighting]:
        """The matches that begin at `start` or later and count between `now` and `until`."""
        size = len(data)
        end = size + SETTLED
        now, until = min(now, end), min(until, end)
        while True:
            found = self.look(data, start, min(now, size), now)
            if found is None:
                later = now + SETTLED
            else:
                first, last = found.span()
                if last + SETTLED <= now:
                    yield self.sighting(found, now, 0)
                    start = max(last, first + 1)
                    continue
                later = self.later(first, last)
            if now >= until:
                return
            now = min(later, until)

    def look(self, data: bytes | bytearray, start: int, size: int, now: int) -> Span | None:
        """The match in sight at `now` within the first `size` bytes, from `start` on."""
        found = self.regex.search(data, max(start, now - self.longest - SETTLED), size)
        if found is None or not self.pattern.open_ended:
            return found
        first, last = found.span()
        if last - first <= self.longest:
            return found
        return self.regex.search(data, first, first + self.longest)

    def later(self, first: int, last: int) -> int:
        """When to look again after a match in sight: when it is settled, or out of sight."""
        return min(last + SETTLED, first + self.longest + SETTLED + 1)

    def sighting(self, found: Span, now: int, base: int) -> Sighting:
        """A match that counts, in a text that begins `base` bytes before what was searched."""
        start, end = found.span()
        first, last = found.span(self.pattern.group) if self.pattern.group else (start, end)
        if first < 0:
            first, last = start, end
        return Sighting(now, start + base, self.number, end + base, first + base, last + base)

    def score(
        self, data: bytes | bytearray, sighting: Sighting, base: int, part: Part, budget: Budget
    ) -> tuple[float, str] | None:
        """The score of a match and what matched, in its normal form; None if it is no finding.
        `data` begins at byte `base` of the text."""
        pattern = self.pattern
        first, last = sighting.first - base, sighting.last - base
        text = _text(data[first:last])
        if not text or not self._short(data[sighting.start - base : sighting.end - base]):
            return None
        if pattern.validate is None:
            return pattern.score, text
        if pattern.costly and not budget.call(self.detector):
            return None
        before = _text(data[max(0, first - BEFORE) : first])[-CONTEXT:]
        after = _text(data[last : last + SETTLED])
        score = pattern.validate(Candidate(text, before, after, part))
        return None if score is None else (score, text)

    def _short(self, matched: bytes | bytearray) -> bool:
        longest = self.pattern.longest
        return len(matched) <= longest or len(_text(matched)) <= longest


def matcher(number: int, detector: str, pattern: Pattern) -> Matcher:
    """Compile a pattern. ValueError, with a text for its author, if it cannot be searched."""
    where = f"pattern {pattern.name!r} of {detector!r}"
    if not 1 <= pattern.longest <= LONGEST:
        raise ValueError(f"{where}: `longest` is 1 to {LONGEST}")
    if pattern.raw and pattern.costly:
        raise ValueError(f"{where}: a pattern for the text as it came cannot be costly")
    source = pattern.regex if pattern.raw else normalised(pattern.regex).text
    try:
        regex = byte_regex(source, caseless=pattern.caseless, groups=pattern.group > 0)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if pattern.group and pattern.group > regex.groups:
        raise ValueError(f"{where}: there is no group {pattern.group}")
    if regex.search(b"", 0, 0) is not None:
        raise ValueError(f"{where}: it matches where there is nothing")
    # Outside of normal text, letters beyond ASCII are capitals of ASCII ones (U+212A of k).
    folds = pattern.raw and (pattern.caseless or "(?" in source)
    wide = folds or not is_ascii_only(source)
    longest = max(SETTLED, pattern.longest * (_WIDEST if wide else 1))
    try:
        opening = None if pattern.opening is None else _opening(pattern)
    except ValueError as error:
        raise ValueError(f"{where}, `opening`: {error}") from None
    return Matcher(number, detector, pattern, regex, source, longest, wide, opening)


def _opening(pattern: Pattern) -> ByteRegex:
    opening = pattern.opening or ""
    source = opening if pattern.raw else normalised(opening).text
    regex = byte_regex(source, caseless=pattern.caseless, groups=False)
    if regex.search(b"", 0, 0) is not None:
        raise ValueError("it matches where there is nothing")
    return regex


class Progress:
    """How far one pattern is in a text that comes in pieces: it is looked for where the engine
    says that a match may end, or everywhere with `always`."""

    __slots__ = ("_always", "_due", "_hits", "_start", "matcher")

    def __init__(self, matcher: Matcher, *, always: bool = False) -> None:
        self.matcher = matcher
        self._always = always
        self._start = 0
        self._due: int | None = SETTLED if always else None
        self._hits: list[int] = []

    @property
    def waiting(self) -> bool:
        """Whether something is in sight that does not count yet."""
        return self._due is not None

    def hit(self, end: int) -> None:
        """A match may end at byte `end`. To be told in order."""
        self._hits.append(end)
        if self._due is None:
            self._due = end + SETTLED

    def advance(self, data: bytearray, base: int, now: int, size: int) -> Iterator[Sighting]:
        """The matches that count when `now` bytes are there; `data` begins at byte `base`, and
        the text has no more than `size` bytes of which anything is known."""
        matcher = self.matcher
        ended = now > size
        while self._due is not None and (self._due <= now or ended):
            at = min(self._due, now)
            del self._hits[: bisect_right(self._hits, at)]
            found = matcher.look(data, self._start - base, min(at, size) - base, at - base)
            if found is None:
                self._due = None if at == now and ended else self._next(at)
                continue
            first, last = found.span()
            first, last = first + base, last + base
            if last + SETTLED > at:
                self._due = matcher.later(first, last)
                continue
            yield matcher.sighting(found, at, base)
            self._start = max(last, first + 1)

    def _next(self, now: int) -> int | None:
        """When to look again after nothing was in sight at `now`."""
        if self._always:
            return now + SETTLED
        return self._hits[0] + SETTLED if self._hits else None

    def begins(self, data: bytearray, base: int, size: int) -> int | None:
        """Where a match begins that is in sight but does not count yet, in bytes."""
        if self._due is None:
            return None
        found = self.matcher.look(data, self._start - base, size - base, size - base)
        return None if found is None else found.span()[0] + base


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "ignore")
