"""What Guardrails make of the input of a case. No I/O, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.guardrails.book import GuardrailBook
from gateway.model.call import Call, Deframed
from gateway.model.outcome import Outcome
from gateway.model.passage import Passage, Place
from gateway.model.principal import Principal
from gateway.model.screening import Screened
from gateway.policy.context import RequestContext
from gateway.policy.matching import GuardrailMatches
from gateway.suite.schema import TextInput

TEXT: Final = Place(("text",))
"""Where the text of a case is."""

Got: TypeAlias = dict[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Guards:
    """The Guardrails of a folder, and to which calls they apply."""

    book: GuardrailBook = field(default_factory=GuardrailBook)
    matches: GuardrailMatches = field(default_factory=GuardrailMatches)

    def applying(
        self, calls: Iterable[Call], principal: Principal, context: RequestContext
    ) -> tuple[str, ...]:
        """The Guardrails that apply to any of some calls, or to what they imply."""
        names = (
            name
            for call in calls
            for one in (call, *call.implied)
            for name in self.matches.matching(one, principal, context)
        )
        return tuple(dict.fromkeys(names))


def screen_request(
    deframed: Deframed, guards: Guards, principal: Principal, context: RequestContext
) -> Got:
    """What the Guardrails that apply make of a whole request."""
    names = guards.applying(deframed.calls, principal, context)
    passages = deframed.passages() if deframed.passages is not None else ()
    rewritable = deframed.with_texts is not None
    verdict, outcome = guards.book.judge(names, passages, rewritable=rewritable)
    return _described(verdict, outcome)


def screen_text(
    given: TextInput,
    calls: Sequence[Call],
    guards: Guards,
    principal: Principal,
    context: RequestContext,
) -> Got:
    """What Guardrails make of one text: those that apply to `calls`, all if there are none."""
    names = guards.applying(calls, principal, context) if calls else tuple(guards.book.guards)
    passage = Passage(given.text, TEXT, given.stage, given.part, "text", name=given.tool)
    verdict, outcome = guards.book.judge(names, (passage,))
    left = "" if verdict.blocked is not None else verdict.texts.get(TEXT, given.text)
    return {**_described(verdict, outcome), "masked": left}


def _described(verdict: Screened, outcome: Outcome) -> Got:
    action = "block" if verdict.blocked is not None else "none"
    if verdict.blocked is None and outcome.action is not None:
        action = outcome.action.value
    found = outcome.found
    return {
        "action": action,
        "guardrails": tuple(sorted({one.guardrail for one in found})),
        "findings": tuple(
            sorted({f"{one.finding.detector}/{one.finding.category}" for one in found})
        ),
        "skipped": tuple(
            sorted({f"{one.guardrail}/{one.skipped.reason.value}" for one in outcome.missed})
        ),
    }
