"""What it takes to judge the texts of one message. Pure: no I/O, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from gateway.guardrails.budget import Budget
from gateway.guardrails.guard import Guard
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.plan import Plan
from gateway.guardrails.tally import Tally
from gateway.model.passage import Part, Stage

PlanOf: TypeAlias = Callable[[tuple[Guard, ...], Stage, Part], Plan]
"""The plan of some Guardrails for texts of a stage and part."""


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to judge texts: the Guardrails that apply, and what is counted along."""

    guards: tuple[Guard, ...]
    plan_of: PlanOf
    patterns: PatternSet | None
    budget: Budget
    tally: Tally
    opaque: bool = False
    today: date | None = None
