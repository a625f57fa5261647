"""What guardrails find in a text. Pure: no I/O, no clock. Nothing here holds the text itself."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Level(IntEnum):
    """How sure a detector is; a threshold accepts its own level and those above."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Action(Enum):
    """What a finding makes of the message, the weakest first."""

    LOG = "log"
    ANNOTATE = "annotate"
    MASK = "mask"
    BLOCK = "block"

    @property
    def strength(self) -> int:
        """For comparison: block > mask > annotate > log."""
        return _STRENGTH[self]


_STRENGTH = {action: rank for rank, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class Levels:
    """The scores (0 to 1) from which on a finding of a detector has a level. A score below `low`
    is no finding."""

    low: float = 0.35
    medium: float = 0.6
    high: float = 0.85

    def of(self, score: float) -> Level | None:
        """The level of a score."""
        if score >= self.high:
            return Level.HIGH
        if score >= self.medium:
            return Level.MEDIUM
        return Level.LOW if score >= self.low else None


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector's finding in one passage.

    `detector` and `category` name what was found; `start` and `end` are the half-open range of
    characters of the original text; `score` is 0 to 1. What matched is not here.
    """

    detector: str
    category: str
    channel: str
    start: int
    end: int
    score: float
    level: Level


class SkipReason(Enum):
    """Why a check did not happen, or not to its end: a verdict of its own, never "allow"."""

    OVERSIZE = "oversize"
    VALIDATOR_CALLS = "validator_calls"
    TIMEOUT = "timeout"
    ERROR = "error"
    UNREADABLE = "unreadable"
    CIRCUIT_OPEN = "circuit_open"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check of `detector` on `channel` that did not happen."""

    detector: str
    channel: str
    reason: SkipReason
