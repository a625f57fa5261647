"""One category of findings with the patterns that find it. Pure: no I/O, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.guardrails.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Kind:
    """`category` is its lower_snake name, `summary` a line about it, `patterns` what finds it."""

    category: str
    summary: str
    patterns: tuple[Pattern, ...]


def catalogue(kinds: Iterable[Kind]) -> Mapping[str, str]:
    """The summaries by category. ValueError for a category that comes twice, and for a pattern
    that is not of its kind's category or has the name of another."""
    found: dict[str, str] = {}
    names: set[str] = set()
    for kind in kinds:
        if kind.category in found:
            raise ValueError(f"category {kind.category} comes twice")
        found[kind.category] = kind.summary
        for pattern in kind.patterns:
            if pattern.category != kind.category:
                raise ValueError(f"pattern {pattern.name} is not of category {kind.category}")
            if pattern.name in names:
                raise ValueError(f"pattern {pattern.name} comes twice")
            names.add(pattern.name)
    return MappingProxyType(found)
