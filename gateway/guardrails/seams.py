"""Texts that their reader sees as one, judged where they meet. Pure: no I/O, no clock.

A model reads the text parts of a message one after the other, some servers with a line between them
and some without. What is split over parts would be found in none of them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.guardrails.combine import Judged
from gateway.model.finding import Finding
from gateway.model.passage import Part, Passage, Path, Place, Stage

REACH: Final = 256
"""Characters on either side of a border that are looked at."""

_APART: Final = "\x1e" * 64
"""Between stretches that do not meet: no finding reaches over so much that says nothing."""

_IN_PIECES: Final = frozenset({Stage.RESPONSE, Stage.A2A_ARTIFACT})
"""Stages of which each text may come in pieces, and is judged by itself then."""


@dataclass(frozen=True, slots=True)
class Seam:
    """Parts of one message as their reader may see them, `first` among them. `begins` and `ends`
    are those of the stretches of `text` that hold together; `borders` are where the parts `into`
    begin, each of which follows another; `width` is how much stands between two parts."""

    first: Passage
    text: str
    width: int
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    borders: tuple[int, ...]
    into: tuple[Passage, ...]

    def crossing(self, start: int, end: int) -> Passage | None:
        """The first part that begins within a range of `text`; None for a range that meets no
        border, or reaches over more than one stretch."""
        if end > self.ends[bisect_right(self.begins, start) - 1]:
            return None
        border = bisect_right(self.borders, start)
        found = border < len(self.borders) and self.borders[border] < end
        return self.into[border] if found else None

    def bare(self, at: int) -> int:
        """Where a position of `text` would be if nothing stood between the parts."""
        return at - bisect_right(self.borders, at) * self.width


def seams(passages: Iterable[Passage]) -> Iterator[tuple[Seam, Seam]]:
    """How the text parts of each message meet: with nothing and with a line between them."""
    groups: dict[tuple[Stage, Part, Path], list[Passage]] = {}
    for one in passages:
        path = one.place.path
        plain = one.stage not in _IN_PIECES and one.item is None and one.place == Place(path)
        if plain and len(path) > 1 and path[-1] == "text" and isinstance(path[-2], int):
            groups.setdefault((one.stage, one.part, path[:-2]), []).append(one)
    for parts in groups.values():
        if len(parts) > 1:
            yield _seam(parts, ""), _seam(parts, "\n")


def crossing(bare: Seam, lined: Seam, judge: Callable[[Seam], Judged]) -> Judged:
    """Of what `judge` finds in how parts meet, that which reaches over a border. Its place is the
    beginning of the part that it reaches into. What a line ends is no longer without it: a name
    before a border, and what follows, are not one name."""
    crossed = Judged()
    begins: set[tuple[str, str, int]] = set()
    ends: set[tuple[str, str, int]] = set()
    for seam in (lined, bare):
        judged = judge(seam)
        for lost in judged.missed:
            crossed.miss(lost)
        for one in judged.found:
            finding, kind = one.finding, (one.guardrail, one.finding.category)
            begin, end = (*kind, seam.bare(finding.start)), (*kind, seam.bare(finding.end))
            into = seam.crossing(finding.start, finding.end)
            if into is None:
                begins.add(begin)
                ends.add(end)
            elif begin not in begins and end not in ends:
                crossed.add(replace(one, finding=_at_the_beginning(finding, into)))
    return crossed


def _at_the_beginning(finding: Finding, part: Passage) -> Finding:
    end = min(len(part.text), finding.end - finding.start)
    return replace(finding, channel=part.channel, start=0, end=end)


def _seam(parts: Sequence[Passage], border: str) -> Seam:
    text = [parts[0].text[-REACH:]]
    at = len(text[0])
    begins, ends, borders = [0], list[int](), list[int]()
    for number, one in enumerate(parts[1:], 2):
        text.append(border)
        at += len(border)
        borders.append(at)
        if len(one.text) <= 2 * REACH:
            text.append(one.text)
            at += len(one.text)
            continue
        text.append(one.text[:REACH])
        at += REACH
        if number < len(parts):
            ends.append(at)
            text += (_APART, one.text[-REACH:])
            begins.append(at + len(_APART))
            at = begins[-1] + REACH
    bounds = (tuple(begins), (*ends, at), tuple(borders), tuple(parts[1:]))
    return Seam(parts[0], "".join(text), len(border), *bounds)
