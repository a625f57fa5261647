"""What Guardrails made of a message: for records and metrics. Without the text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.model.finding import Action, Finding, Skipped
from gateway.model.passage import Part, Stage


@dataclass(frozen=True, slots=True)
class Found:
    """A finding that counts for a Guardrail. With `shadow` it changed nothing."""

    guardrail: str
    finding: Finding
    action: Action
    shadow: bool
    stage: Stage
    part: Part
    name: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """A check of a Guardrail that did not happen. `action` is BLOCK where the Guardrail refuses
    what it could not judge, else LOG."""

    guardrail: str
    skipped: Skipped
    action: Action
    shadow: bool
    stage: Stage


@dataclass(frozen=True, slots=True)
class TextMark:
    """Which text it was, without the text: a keyed hash, in hex, and its length in characters."""

    hash: str
    length: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it.

    `guardrails` are the names of those that applied. `action` is the strongest action of those that
    are enforced, None if they found nothing; `shadow` is the strongest of those that are not.
    `blocked_by` is the Guardrail that ended the message, "" if none did; `dropped` counts items
    that were left out of lists, `masked` texts that were changed. `excluded` counts findings that
    an exclusion took out. `released` are the characters of streams that the client had got when
    it was blocked. `microseconds` says how long each detector took; those that look for patterns
    are searched in one pass, "patterns". `further` counts, by Guardrail, findings beyond those that
    are kept; `texts` are marks of texts in which something was found, by their channels.
    """

    guardrails: tuple[str, ...] = ()
    found: tuple[Found, ...] = ()
    missed: tuple[Missed, ...] = ()
    action: Action | None = None
    shadow: Action | None = None
    blocked_by: str = ""
    dropped: int = 0
    masked: int = 0
    excluded: int = 0
    released: int = 0
    microseconds: Mapping[str, int] = field(default_factory=dict[str, int])
    further: Mapping[str, int] = field(default_factory=dict[str, int])
    texts: Mapping[str, TextMark] = field(default_factory=dict[str, TextMark])

    @property
    def findings(self) -> int:
        """How many there are, kept or not."""
        return len(self.found) + sum(self.further.values())


def joined(asked: Outcome, told: Outcome) -> Outcome:
    """What was found in two parts of an exchange, together."""
    return replace(
        told,
        found=(*asked.found, *told.found),
        missed=(*asked.missed, *told.missed),
        action=_stronger(asked.action, told.action),
        shadow=_stronger(asked.shadow, told.shadow),
        guardrails=tuple(dict.fromkeys((*asked.guardrails, *told.guardrails))),
        blocked_by=asked.blocked_by or told.blocked_by,
        released=asked.released + told.released,
        dropped=asked.dropped + told.dropped,
        masked=asked.masked + told.masked,
        excluded=asked.excluded + told.excluded,
        microseconds=_summed(asked.microseconds, told.microseconds),
        further=_summed(asked.further, told.further),
        texts={**told.texts, **asked.texts},
    )


def _summed(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}


def _stronger(one: Action | None, other: Action | None) -> Action | None:
    actions = [action for action in (one, other) if action is not None]
    return max(actions, key=lambda action: action.strength, default=None)
