"""A regular expression that a detector looks for, and what makes a match of it a finding.

Pure: no I/O, no clock. All patterns of all detectors are searched in one pass (Hyperscan); only
those that hit are searched again for where (RE2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.model.passage import Part

CONTEXT: Final = 64
"""Characters before and after a match that a validator may look at."""

LONGEST: Final = 4_096
"""Characters of the longest match that a pattern may have. What is longer is not found, whether
the text comes whole or in pieces."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match before it is a finding. `text` is what matched (of `Pattern.group`), in its normal
    form; `before` and `after` are up to CONTEXT characters around it; `part` says whose words it
    is in."""

    text: str
    before: str
    after: str
    part: Part


Validate: TypeAlias = Callable[[Candidate], float | None]
"""The score of a candidate, 0 to 1, None where it is no finding. Depends on nothing else."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for.

    `name` is unique within its detector; `regex` is in the syntax that RE2 and Hyperscan share
    (no look-around, no back-references, no unbounded repeat that could match more than `longest`
    characters: write {1,200}), case-insensitive with `caseless`. `group` is the group that is the
    finding, 0 for the whole match. `score` counts where there is no `validate`. `costly` says that
    `validate` takes more than a few microseconds: its calls in one message are bounded.
    With `open_ended` the regex may match more than `longest` characters (a class without a bound,
    which is cheap to search): the first `longest` bytes count then.
    `opening` is a regex for how a match begins that is longer than what a stream holds back; where
    the text released so far ends in it, what follows is held until the match is whole or broken.
    `raw` is searched in the text as it came, not in its normal form. `parts` are those that are
    searched, all where it is None.
    """

    name: str
    regex: str
    category: str
    score: float = 0.5
    group: int = 0
    longest: int = 256
    caseless: bool = False
    validate: Validate | None = None
    costly: bool = False
    open_ended: bool = False
    opening: str | None = None
    raw: bool = False
    parts: frozenset[Part] | None = None
