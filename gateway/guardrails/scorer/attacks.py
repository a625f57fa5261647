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
    COMBINED: "such wording in a window that the trained scorer suspects",
    LIKELY: "a window that the trained scorer takes for an attack",
}
"""What windows are found as."""

SUSPECTED: Final = 0.65
"""Score of one family in a window that the scorer rates LOW or above: MEDIUM. Of 748 benign prompts
that nobody blocks otherwise it raised none."""

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
    """Windows by `model`. One that it suspects is searched for families as well: one in `mine`
    makes it a finding of its own, and a second one a surer one."""
    least = Levels().low

    def score(window: str) -> tuple[Scored, ...]:
        likely = model.score(window)
        if likely < least:
            return ()
        families = finder.categories(window)
        if families.isdisjoint(mine):
            return (Scored(LIKELY, likely),)
        together = TOGETHER if len(families) > 1 else SUSPECTED
        return (Scored(LIKELY, likely), Scored(COMBINED, together))

    return score
