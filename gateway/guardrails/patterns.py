"""All patterns of all detectors, searched in one pass. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.guardrails.budget import Budget
from gateway.guardrails.database import DatabaseCache
from gateway.guardrails.matching import Match, matcher
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.pattern_stream import PatternStream
from gateway.guardrails.search import Search, Wanted
from gateway.model.passage import Part

__all__ = ["Match", "PatternSet"]

_KEPT: Final = 1_024
"""Choices of detectors and parts that are remembered."""


class PatternSet:
    """The patterns of some detectors, by their names. Making it takes a few milliseconds for each
    pattern, unless `cache` knows them; ValueError for one that cannot be searched. Threads may
    share it."""

    def __init__(
        self, patterns: Mapping[str, Sequence[Pattern]], cache: DatabaseCache | None = None
    ) -> None:
        flat = [(detector, one) for detector, some in patterns.items() for one in some]
        self._search: Final = Search([matcher(n, *one) for n, one in enumerate(flat)], cache)
        self._detectors: Final = tuple(patterns)
        self._wanted: dict[tuple[Part, frozenset[str] | None], Wanted] = {}

    @property
    def slow(self) -> frozenset[tuple[str, str]]:
        """Detector and name of each pattern that Hyperscan does not take: every text is searched
        for each of those."""
        of = self._search
        slow = (one for one in of.matchers if one.number in of.unsupported)
        return frozenset((one.detector, one.pattern.name) for one in slow)

    def find(
        self, text: str, part: Part, wanted: frozenset[str] | None, budget: Budget
    ) -> list[Match]:
        """The findings of the `wanted` detectors (of all with None) in a whole text, the words of
        `part`. What `budget` refuses is told there."""
        found = self._search.find(text, self._wants(part, wanted), budget)
        return [told.match for told in found]

    def stream(self, part: Part, wanted: frozenset[str] | None, budget: Budget) -> PatternStream:
        """Finds the same in a text that comes in pieces."""
        return PatternStream(self._search, self._wants(part, wanted), budget)

    def _wants(self, part: Part, wanted: frozenset[str] | None) -> Wanted:
        key = part, wanted
        known = self._wanted.get(key)
        if known is None:
            if len(self._wanted) >= _KEPT:
                self._wanted.clear()
            known = self._wanted[key] = self._choose(part, wanted)
        return known

    def _choose(self, part: Part, wanted: frozenset[str] | None) -> Wanted:
        chosen = [
            one
            for one in self._search.matchers
            if (wanted is None or one.detector in wanted)
            and (one.pattern.parts is None or part in one.pattern.parts)
        ]
        return Wanted(
            part,
            tuple(name for name in self._detectors if wanted is None or name in wanted),
            frozenset(one.number for one in chosen if not one.pattern.raw),
            frozenset(one.number for one in chosen if one.pattern.raw),
        )
