"""What guardrails ask of others, and what these may say. Pure: no I/O, no clock.

A provider is a service outside of the gateway that judges texts: of a cloud, of the user's own, or
a model that is trained for it. It is asked only when nothing local has blocked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Protocol

from gateway.model.finding import Finding, Level, Levels, SkipReason
from gateway.model.passage import Part, Stage

HATE: Final = "hate"
HARASSMENT: Final = "harassment"
DANGEROUS: Final = "dangerous"
SEXUAL: Final = "sexual"

RESPONSIBLE_AI: Final = (HATE, HARASSMENT, DANGEROUS, SEXUAL)
"""The categories of responsible AI, which no detector of the gateway itself finds."""

OTHER: Final = "other"
"""The category of what a provider calls by a name that is none."""

MAX_FINDINGS: Final = 256
"""Of one verdict. A provider could make more of a large text than a record can hold."""

_LEVELS: Final = Levels()
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_/ .-]{0,62}")


class Direction(Enum):
    """Which way texts go: to a model, tool or agent, or back from it."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Question:
    """Texts of one message that a provider is asked about.

    `texts` are as they came, `parts` says of each whose words it is (as many as texts). `model` is
    the model that is asked, `name` the tool that is called or defined; "" where there is none.
    ValueError where texts and parts differ in number.
    """

    texts: tuple[str, ...]
    stage: Stage
    parts: tuple[Part, ...]
    direction: Direction
    model: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.parts):
            raise ValueError("a question has one part for each text")

    @property
    def characters(self) -> int:
        """Of all texts together."""
        return sum(map(len, self.texts))


class ProviderAction(Enum):
    """What a provider asks for, by its own configuration."""

    NONE = "none"
    MASK = "mask"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class ProviderFinding:
    """A category and how sure the provider is of it.

    `text` is the index of the text that it is in, None where the provider does not say; `span` the
    half-open range of characters of that text. What matched is not here.
    """

    category: str
    level: Level
    text: int | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ProviderVerdict:
    """What a provider says.

    Findings may stand beside `ProviderAction.NONE`: it saw something that is not enough for itself.
    `texts` are all texts of the question, masked, with `ProviderAction.MASK`; None otherwise.
    `skipped` says why some or all of what was asked was not judged: then NONE does not mean that
    nothing is there, while what was found stands.
    """

    action: ProviderAction = ProviderAction.NONE
    findings: tuple[ProviderFinding, ...] = ()
    texts: tuple[str, ...] | None = None
    skipped: SkipReason | None = None


PASSED: Final = ProviderVerdict()
"""All was judged and nothing found."""


def not_judged(reason: SkipReason) -> ProviderVerdict:
    """The verdict of a provider that could not be asked, or said nothing that can be read."""
    return ProviderVerdict(skipped=reason)


def checked(verdict: ProviderVerdict, question: Question) -> ProviderVerdict | None:
    """A verdict as it may go on; None where it does not fit its question.

    An action without a finding gets one of `OTHER`. What providers call categories becomes
    lower_snake names, at most 63 characters, since it goes into records and metrics. A place that
    is not in the texts is none.
    """
    masks = verdict.action is ProviderAction.MASK
    if masks != (verdict.texts is not None):
        return None
    if verdict.texts is not None and len(verdict.texts) != len(question.texts):
        return None
    said = verdict.findings
    if not said and verdict.action is not ProviderAction.NONE:
        said = (ProviderFinding(OTHER, Level.HIGH),)
    findings = dict.fromkeys(_placed(found, question.texts) for found in said)
    return replace(verdict, findings=_bounded(tuple(findings)))


def _bounded(findings: tuple[ProviderFinding, ...]) -> tuple[ProviderFinding, ...]:
    """The surest of too many, and one of `OTHER` for the rest. That has no place, so that nobody
    takes the places of those that are kept for all that there are."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    surest = sorted(findings, key=lambda found: found.level, reverse=True)
    rest = surest[MAX_FINDINGS - 1]
    return (*surest[: MAX_FINDINGS - 1], ProviderFinding(OTHER, rest.level))


def _placed(found: ProviderFinding, texts: tuple[str, ...]) -> ProviderFinding:
    index, span = found.text, found.span
    if index is None or not 0 <= index < len(texts):
        index = span = None
    elif span is not None and not 0 <= span[0] < span[1] <= len(texts[index]):
        span = None
    return replace(found, category=category_name(found.category), text=index, span=span)


def category_name(name: str) -> str:
    """A name of ours for a category of a provider; `OTHER` for what does not look like a name."""
    if _NAME.fullmatch(name) is None:
        return OTHER
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def finding_of(
    found: ProviderFinding, provider: str, channels: Sequence[str], texts: Sequence[str]
) -> Finding:
    """A provider's finding as one of the detector `provider`, in the channel of its text.

    Without a place it is in the whole text; without a text, in none: channel "", 0 to 0. Its score
    is the least that has its level.
    """
    score = {Level.LOW: _LEVELS.low, Level.MEDIUM: _LEVELS.medium, Level.HIGH: _LEVELS.high}
    channel, span = "", (0, 0)
    if found.text is not None:
        channel = channels[found.text]
        span = found.span or (0, len(texts[found.text]))
    return Finding(provider, found.category, channel, *span, score[found.level], found.level)


class Provider(Protocol):
    """Judges texts."""

    @property
    def name(self) -> str:
        """As `guardrail_providers` in gateway.yaml and Guardrail documents name it."""
        ...

    async def ask(self, question: Question) -> ProviderVerdict:
        """The verdict on a question, within the time that is configured. Never raises: whatever
        goes wrong is `skipped`, and the Guardrail says what comes of that."""
        ...
