"""All Guardrails of a snapshot, compiled once. Pure: no I/O, no clock."""

from collections.abc import Iterable, Sequence
from typing import Final

from gateway.guardrails.advice import Advice
from gateway.guardrails.budget import Budget
from gateway.guardrails.guard import Guard
from gateway.guardrails.means import Means
from gateway.guardrails.message import judge_message
from gateway.guardrails.origin import Origin
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.plan import Plan, plan_for
from gateway.guardrails.provider import Direction
from gateway.guardrails.screen import Screen
from gateway.guardrails.tally import Tally
from gateway.model.outcome import Outcome
from gateway.model.passage import Part, Passage, Stage
from gateway.model.problem import Problem
from gateway.model.screening import Screened

_PLANS: Final = 4_096
"""Plans that are kept; there are as many as sets of Guardrails apply, times stages and parts."""


class GuardrailBook:
    """Immutable but for plans, which are made when they are first asked for. `warnings` are
    findings of documents that work, but perhaps not as meant."""

    def __init__(
        self,
        guards: Iterable[Guard] = (),
        patterns: PatternSet | None = None,
        warnings: Iterable[Problem] = (),
    ) -> None:
        self.guards = {guard.name: guard for guard in guards}
        self.patterns = patterns
        self.warnings = tuple(warnings)
        self._plans: dict[tuple[tuple[str, ...], Stage, Part], Plan] = {}

    def judge(
        self,
        names: Sequence[str],
        passages: Sequence[Passage],
        origin: Origin | None = None,
        *,
        rewritable: bool = True,
    ) -> tuple[Screened, Outcome]:
        """The verdict of the named Guardrails on a whole request, and what is recorded of it. Where
        its texts are not `rewritable` a mask blocks."""
        means = self._means(names, origin)
        verdict = judge_message(passages, means, rewritable=rewritable, to_the_end=True)
        return verdict, means.tally.outcome()

    def screen(self, names: Sequence[str], origin: Origin | None = None) -> Screen:
        """What screens an answer by the named Guardrails."""
        return Screen(self._means(names, origin))

    def advice(
        self, names: Sequence[str], direction: Direction, model: str, origin: Origin | None = None
    ) -> Advice | None:
        """What collects verdicts of providers for the named Guardrails; None where none asks."""
        how = origin or Origin()
        guards = [self.guards[name] for name in names]
        advice = Advice(guards, direction, model, opaque=how.opaque, text_key=how.text_key)
        return advice if advice.wanted else None

    def stages(self, names: Sequence[str]) -> frozenset[Stage]:
        """The stages that some of the named Guardrails are about: nothing else has to be read."""
        return frozenset[Stage]().union(*(self.guards[name].stages for name in names))

    def plan(self, guards: tuple[Guard, ...], stage: Stage, part: Part) -> Plan:
        """What some Guardrails do with texts of a stage and part."""
        key = tuple(guard.name for guard in guards), stage, part
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[key] = plan_for(guards, stage, part)
        return plan

    def _means(self, names: Sequence[str], origin: Origin | None) -> Means:
        how = origin or Origin()
        tally = Tally(tuple(names), how.ticks, how.text_key)
        guards = tuple(self.guards[name] for name in names)
        return Means(guards, self.plan, self.patterns, Budget(), tally, how.opaque, how.today)
