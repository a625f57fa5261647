"""What stands in place of what was found. Pure: no I/O, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters of an original text, and the category found there."""

    start: int
    end: int
    category: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap made one. Its category is that of the one that
    begins first, the longest of those."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end, one.category)):
        last = result[-1] if result else None
        if last is None or span.start >= last.end:
            result.append(span)
        elif span.end > last.end:
            result[-1] = Span(last.start, span.end, last.category)
    return result


def masked(text: str, spans: Iterable[Span], offset: int = 0) -> str:
    """`text` with `[CATEGORY]` in place of each span; `offset` is where in the original it begins.
    The spans lie within it."""
    out: list[str] = []
    done = 0
    for span in merged(spans):
        out += (text[done : span.start - offset], f"[{span.category.upper()}]")
        done = span.end - offset
    return "".join((*out, text[done:])) if out else text


def settled(spans: Iterable[Span], limit: int) -> int:
    """The largest position up to `limit` at which no span is cut in two."""
    ordered = sorted(spans, key=lambda one: one.start, reverse=True)
    moved = True
    while moved:
        moved = False
        for span in ordered:
            if span.start < limit < span.end:
                limit, moved = span.start, True
    return limit
