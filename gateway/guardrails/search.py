"""The search of whole texts for many patterns at once. Pure: no I/O, no clock.

Hyperscan tells which patterns hit, RE2 where, their validators what is a finding. What encoded
segments of a text say is searched as a text of its own. Where the engine loses matches, RE2 does
all of it: the findings are the same, at many times the cost.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gateway.guardrails.budget import Budget
from gateway.guardrails.byte_regex import byte_regex, is_ascii_only, relaxed
from gateway.guardrails.database import (
    DatabaseCache,
    Expression,
    databases,
    engine,
    finds_all,
    no_databases,
)
from gateway.guardrails.matching import Match, Matcher, Sighting
from gateway.guardrails.normal import Normal, normalised
from gateway.guardrails.places import Places
from gateway.guardrails.scan import Scanner
from gateway.guardrails.segments import (
    EXPRESSIONS,
    SEEN,
    Encoding,
    Piece,
    decoded,
    padded,
    pieces,
)
from gateway.model.passage import Part

DEPTH: Final = 2
"""How often a text is decoded that may have been encoded more than once."""

SEGMENT: Final = 64
"""Characters that a decoded segment counts at least: to search the shortest has its cost, too."""

_COUNTED: Final = 32
"""How far Hyperscan counts repeats; RE2 counts the rest."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What texts of one part are searched for: the numbers of patterns for the normal form and for
    the text as it came, of which all of `detectors`."""

    part: Part
    detectors: tuple[str, ...]
    normal: frozenset[int]
    raw: frozenset[int]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding and what matched, in its normal form."""

    match: Match
    text: str

    def at(self, start: int, end: int) -> Match:
        """The finding, at some characters of the original text."""
        it = self.match
        return Match(it.detector, it.category, start, end, it.score, it.pattern)


class Search:
    """Searches for `matchers`, whose numbers are their places. Threads may share it."""

    def __init__(self, matchers: Sequence[Matcher], cache: DatabaseCache | None) -> None:
        self.matchers = tuple(matchers)
        count = len(self.matchers)
        self._encodings = {count + one.value: one for one in Encoding}
        opening = (one for one in self.matchers if one.pattern.opening is not None)
        self.openings = dict(enumerate(opening, count + len(EXPRESSIONS)))
        expressions = self._expressions()
        sound = finds_all(engine())
        built = databases(expressions, cache) if sound else no_databases(expressions)
        self.unsupported: Final = built.unsupported
        plain = {
            n: byte_regex(one.regex.decode(), caseless=one.caseless)
            for n, one in enumerate(expressions[count:], count)
            if n in built.unsupported
        }
        self.scanner: Final = Scanner(built, plain)

    def _expressions(self) -> list[Expression]:
        return [
            *(_expression(one, one.source, one.wide) for one in self.matchers),
            *EXPRESSIONS,
            *(_opening(one) for one in self.openings.values()),
        ]

    def encoding(self, number: int) -> Encoding | None:
        """Which encoding an expression finds; None if it finds something else."""
        return self._encodings.get(number)

    def number_of(self, encoding: Encoding) -> int:
        """The number of the expression that finds an encoding."""
        return len(self.matchers) + encoding.value

    def find(self, text: str, wanted: Wanted, budget: Budget, depth: int = DEPTH) -> list[Told]:
        """The findings in a whole text, in the order in which they count; those of patterns that
        look at the text as it came are last."""
        normal = normalised(text)
        data = normal.text.encode("utf-8", "replace")
        numbers = wanted.normal
        if normal.text is text:
            numbers |= wanted.raw
        told = self._view(data, Places(normal, data), numbers, wanted, budget, depth)
        if normal.text is not text and wanted.raw:
            raw = text.encode("utf-8", "replace")
            places = Places(Normal(text, text), raw)
            told += self._view(raw, places, wanted.raw, wanted, budget, 0)
        return told

    def _view(  # noqa: PLR0913, PLR0917
        self,
        data: bytes,
        places: Places,
        numbers: frozenset[int],
        wanted: Wanted,
        budget: Budget,
        depth: int,
    ) -> list[Told]:
        """The findings of some patterns in one form of a text."""
        hits = {number for number, _ in self.scanner.scan(data)} | self.unsupported
        most = budget.sightings + 1  # of those of one pattern, the last is refused
        sightings = [
            one
            for number in hits & numbers
            for one in islice(self.matchers[number].sightings(data), most)
        ]
        if depth:
            sightings += self._segments(hits, data)
        told: list[Told] = []
        for one in sorted(sightings):
            encoding = self.encoding(one.number)
            if encoding is not None:
                inside = self.inside(data[one.start : one.end], encoding, wanted, budget, depth)
            else:
                inside = self.judged(one, data, 0, wanted, budget)
            start, end = places.original(one.first, one.last) if inside else (0, 0)
            told += [Told(it.at(start, end), it.text) for it in inside]
        return told

    def _segments(self, hits: Iterable[int], data: bytes) -> Iterator[Sighting]:
        for number in hits:
            encoding = self.encoding(number)
            if encoding is not None:
                for piece in pieces(data, encoding):
                    yield segment(number, piece, encoding, data, 0)

    def judged(
        self,
        sighting: Sighting,
        data: bytes | bytearray,
        base: int,
        wanted: Wanted,
        budget: Budget,
    ) -> list[Told]:
        """The finding that a match is, if it is one, without its place. `data` begins at byte
        `base` of the text."""
        matcher = self.matchers[sighting.number]
        if not budget.look(matcher.detector):
            return []
        scored = matcher.score(data, sighting, base, wanted.part, budget)
        if scored is None:
            return []
        score, text = scored
        pattern = matcher.pattern
        match = Match(matcher.detector, pattern.category, 0, 0, score, pattern.name)
        return [Told(match, text)]

    def inside(
        self, encoded: bytes, encoding: Encoding, wanted: Wanted, budget: Budget, depth: int = DEPTH
    ) -> list[Told]:
        """The findings in what a segment says, without their places, the surest of each pattern.
        What the segment says without being decoded is found elsewhere."""
        if budget.spent(SEGMENT, wanted.detectors):
            return []
        text = decoded(encoded, encoding)
        if not text or not budget.decode(max(len(text), SEGMENT), wanted.detectors):
            return []
        surest: dict[tuple[str, str], Told] = {}
        for told in self.find(text, wanted, budget, depth - 1):
            key = told.match.detector, told.match.pattern
            known = surest.get(key)
            if known is not None and known.match.score >= told.match.score:
                continue
            if told.text.encode("utf-8", "replace") not in encoded:
                surest[key] = told
        return list(surest.values())


def segment(
    number: int, piece: Piece, encoding: Encoding, data: bytes | bytearray, base: int
) -> Sighting:
    """A piece of an encoded segment, among the matches of patterns."""
    end = padded(piece, encoding, data, base)
    return Sighting(piece.end + SEEN, piece.start, number, end, piece.start, end)


def _expression(matcher: Matcher, source: str, wide: bool, *, streamed: bool = False) -> Expression:
    regex = relaxed(source, _COUNTED).encode()
    return Expression(regex, matcher.pattern.caseless, wide, streamed)


def _opening(matcher: Matcher) -> Expression:
    pattern = matcher.pattern
    source = (pattern.opening or "") if pattern.raw else normalised(pattern.opening or "").text
    wide = matcher.wide or not is_ascii_only(source)
    return _expression(matcher, source, wide, streamed=True)
