"""What patterns find in a text, through the engine that serves requests."""

from collections.abc import Callable, Iterable

from gateway.guardrails.budget import Budget
from gateway.guardrails.kind import Kind
from gateway.guardrails.pattern import Pattern
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part

Find = Callable[[str], list[tuple[str, str]]]


def finder(kinds: Iterable[Kind]) -> Find:
    """A function from a text to the category and the words of each finding."""
    return of_patterns(pattern for kind in kinds for pattern in kind.patterns)


def of_patterns(patterns: Iterable[Pattern]) -> Find:
    """As `finder`, of bare patterns."""
    scored = scorer(patterns)
    return lambda text: [(category, words) for category, words, _ in scored(text)]


def scorer(patterns: Iterable[Pattern]) -> Callable[[str], list[tuple[str, str, float]]]:
    """As `finder`, with the scores."""
    known = PatternSet({"detector": tuple(patterns)})

    def find(text: str) -> list[tuple[str, str, float]]:
        found = known.find(text, Part.USER, None, Budget())
        return [(one.category, text[one.start : one.end], one.score) for one in found]

    return find
