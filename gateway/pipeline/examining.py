"""One text judged by one Guardrail, for who asks about it and sends it himself. No I/O, no clock.

The Guardrail's document says everything: stages, detectors, thresholds, actions, mode, providers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.origin import Origin
from gateway.guardrails.provider import Direction
from gateway.model.outcome import Outcome, joined
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.pipeline.consultants import Consultants, advised
from gateway.pipeline.snapshot import Snapshot

CHANNEL: Final = "text"
"""What findings call the text."""

_PLACE: Final = Place(("text",))
_WHOSE: Final = {
    Direction.REQUEST: (Stage.REQUEST, Part.USER),
    Direction.RESPONSE: (Stage.RESPONSE, Part.ASSISTANT),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a Guardrail made of a text. `text` is the text as it may go on where it was masked, None
    elsewhere. `detectors` are those that looked at it, `advised` says whether providers are asked
    about such texts."""

    outcome: Outcome
    detectors: frozenset[str]
    advised: bool
    text: str | None = None


async def examine(  # noqa: PLR0913  what is asked, and how it is judged
    snapshot: Snapshot,
    guardrail: str,
    text: str,
    direction: Direction,
    consultants: Consultants,
    *,
    ticks: Callable[[], int],
    today: date | None = None,
) -> Judgement:
    """The judgement of the Guardrail of this name, and of the floors for everything, on words of a
    user or, with `RESPONSE`, of a model; `ticks` counts nanoseconds, exclusions expire by `today`.
    KeyError where there is none of this name that judges such texts: that nothing was found would
    be believed."""
    book, (stage, part) = snapshot.guardrails, _WHOSE[direction]
    if not any(judges(book, guardrail, direction)):
        raise KeyError(guardrail)
    names = tuple(dict.fromkeys((*snapshot.guarded.always, guardrail)))
    looks = [judges(book, name, direction) for name in names]
    detectors = frozenset[str]().union(*(found for found, _ in looks))
    asks = any(asks for _, asks in looks)
    passage = Passage(text, _PLACE, stage, part, CHANNEL)
    origin = Origin(snapshot.opaque, ticks, today, snapshot.text_key)
    verdict, outcome = book.judge(names, (passage,), origin)
    advice = book.advice(names, direction, "", origin)
    if advice is not None:
        verdict = await advised(advice, (passage,), verdict, consultants, rewritable=True)
        outcome = joined(outcome, advice.outcome())
    masked = None if verdict.blocked is not None else verdict.texts.get(_PLACE)
    return Judgement(outcome, detectors, asks, masked)


def judges(
    book: GuardrailBook, guardrail: str, direction: Direction
) -> tuple[frozenset[str], bool]:
    """Which detectors of a Guardrail look at texts of a direction, and whether it asks providers
    about them. KeyError where there is no such Guardrail."""
    guard, (stage, part) = book.guards[guardrail], _WHOSE[direction]
    plan = book.plan((guard,), stage, part)
    detectors = {check.engine.detector for uses in plan.checks.values() for _, check in uses}
    asks = stage in guard.stages and any(
        use.parts is None or part in use.parts for use in guard.providers
    )
    return frozenset(detectors), asks
