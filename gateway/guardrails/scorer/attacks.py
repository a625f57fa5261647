"""What the detectors of attacks have in common: rules around a match, the scorer over a window.

Pure: no I/O, no clock.
"""

from collections.abc import Sequence
from typing import Final

from gateway.guardrails.detector import Prepared, Scored, ScoreWindow
from gateway.guardrails.scorer.families import TOGETHER, Family, Finder, patterns
from gateway.guardrails.scorer.linear import Linear, shipped
from gateway.model.finding import Levels
from gateway.model.passage import Part

COMBINED: Final = "combined"
LIKELY: Final = "likely_attack"

CATEGORIES: Final = {
    COMBINED: "two kinds of such wording in a window that the trained scorer suspects",
    LIKELY: "a window that the trained scorer takes for an attack",
}
"""What windows are found as."""

PARTS: Final = frozenset(Part) - {Part.SYSTEM, Part.REASONING, Part.REFUSAL}
"""The system prompt is the operator's own; a model's thoughts and refusals instruct nobody."""


def prepared(own: Sequence[Family], others: Sequence[Family], *, scorer: bool) -> Prepared:
    """A detector of `own` families; any of `others` near by raises the score, too. With `scorer`
    windows are scored as well."""
    finder = Finder((*own, *others))
    mine = frozenset(family.category for family in own)
    window = scored_by(shipped(), finder, mine) if scorer else None
    return Prepared(patterns(own, finder), window, PARTS)


def scored_by(model: Linear, finder: Finder, mine: frozenset[str]) -> ScoreWindow:
    """Windows by `model`. One that it suspects is searched for families as well, and is a finding
    of its own where there are two, one of which is in `mine`."""
    least = Levels().low

    def score(window: str) -> tuple[Scored, ...]:
        likely = model.score(window)
        if likely < least:
            return ()
        families = finder.categories(window)
        both = len(families) > 1 and not families.isdisjoint(mine)
        combined = (Scored(COMBINED, TOGETHER),) if both else ()
        return (Scored(LIKELY, likely), *combined)

    return score
