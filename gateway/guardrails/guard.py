"""A Guardrail as it is judged by. Pure: no I/O, no clock."""

from dataclasses import dataclass

from gateway.guardrails.detector import ScoreWindow
from gateway.guardrails.exclusions import Exclusions
from gateway.guardrails.provider import OTHER, ProviderFinding
from gateway.model.finding import Action, Level, Levels
from gateway.model.passage import Part, Stage


@dataclass(frozen=True, slots=True)
class Engine:
    """A detector with its options: the same for all Guardrails that give it the same ones.

    `key` is unique among them and is what its patterns are searched by; `categories` are those that
    its patterns find, `window` scores windows of normal text.
    """

    key: str
    detector: str
    levels: Levels
    categories: frozenset[str] = frozenset()
    window: ScoreWindow | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One detector of one Guardrail. `categories` are those that count, None for all; a finding
    counts from `level` or, where that is None, from `score` on. `parts` are those that are judged,
    None for all."""

    engine: Engine
    action: Action
    level: Level | None = Level.MEDIUM
    score: float = 0.0
    categories: frozenset[str] | None = None
    parts: frozenset[Part] | None = None

    def counts(self, category: str, score: float, level: Level) -> bool:
        """Whether a finding is one for this Guardrail."""
        if self.categories is not None and category not in self.categories:
            return False
        return score >= self.score if self.level is None else level >= self.level


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """How a Guardrail uses a provider.

    Findings count that have one of `categories` (None: any; what the provider does not name is of
    each) and at least `level`. `action` is what then becomes of the message; None: what the
    provider itself asks for. `parts` are those it is asked about, None for all.
    """

    provider: str
    action: Action | None = None
    level: Level = Level.MEDIUM
    categories: frozenset[str] | None = None
    parts: frozenset[Part] | None = None

    def counts(self, found: ProviderFinding) -> bool:
        """Whether a finding is one for this Guardrail."""
        if self.categories is not None and found.category not in {*self.categories, OTHER}:
            return False
        return found.level >= self.level


@dataclass(frozen=True, slots=True)
class Guard:
    """One Guardrail. `exclusions` take findings out, None where there are none. `max_bytes` are of
    one text in UTF-8, `timeout` is in seconds, `hold_back` in characters."""

    name: str
    stages: frozenset[Stage]
    checks: tuple[Check, ...]
    shadow: bool = False
    closed: bool = True
    on_oversize: str = "block"
    max_bytes: int = 1024 * 1024
    timeout: float = 1.0
    hold_back: int = 128
    keys: bool = True
    floor: bool = False
    providers: tuple[ProviderUse, ...] = ()
    exclusions: Exclusions | None = None
