"""Refusals that a model says by the structure of its answer, whatever their wording: in the field
for them, or by why it stopped. Pure: no I/O, no clock.

They annotate at most: a refusal does no harm. Source: message.refusal and finish_reason of OpenAI's
chat completions, incomplete_details.reason of its responses, stop_reason of Anthropic's messages.
"""

from collections.abc import Iterable
from typing import Final

from gateway.guardrails.combine import Hit, Where
from gateway.guardrails.guard import Guard
from gateway.guardrails.plan import Plan
from gateway.model.finding import Action, Finding, Level
from gateway.model.outcome import Found
from gateway.model.passage import Part, Stage

DETECTOR: Final = "model_refusal"
STRUCTURED: Final = "structured"
SCORE: Final = 1.0
FINISHES: Final = frozenset({"content_filter", "refusal"})
"""Why a model stopped that would not go on."""


def field_hits(plan: Plan, where: Where) -> list[Hit]:
    """That there is a text in the field for refusals. It is of no stretch of that text: 0 to 0."""
    if where.part is not Part.REFUSAL:
        return []
    return [
        Hit(0, 0, key, STRUCTURED, SCORE)
        for key, uses in plan.checks.items()
        if any(check.engine.detector == DETECTOR for _, check in uses)
    ]


def finish_found(guards: Iterable[Guard], finish: str) -> list[Found]:
    """What it means for these Guardrails that a model stopped for the reason `finish`: nothing
    where that is no refusal, or none of them looks for refusals in answers."""
    return [
        _found(guard)
        for guard in guards
        if finish in FINISHES
        and Stage.RESPONSE in guard.stages
        and any(
            check.engine.detector == DETECTOR and check.counts(STRUCTURED, SCORE, Level.HIGH)
            for check in guard.checks
        )
    ]


def _found(guard: Guard) -> Found:
    finding = Finding(DETECTOR, STRUCTURED, "", 0, 0, SCORE, Level.HIGH)
    return Found(guard.name, finding, Action.ANNOTATE, guard.shadow, Stage.RESPONSE, Part.REFUSAL)
