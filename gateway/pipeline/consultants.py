"""Who asks the providers of guardrails. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.guardrails.advice import Advice
from gateway.guardrails.provider import ProviderVerdict, Question, not_judged
from gateway.model.finding import SkipReason
from gateway.model.passage import Passage
from gateway.model.screening import Screened


class Consultants(Protocol):
    """Asks providers, all at once."""

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        """A verdict on every question, by the name of the provider. Never raises for what a
        provider does: that is a verdict, too."""
        ...


class NoConsultants:
    """Knows no provider."""

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        """Nothing is judged."""
        return dict.fromkeys(questions, not_judged(SkipReason.ERROR))


async def advised(
    advice: Advice,
    passages: Sequence[Passage],
    local: Screened,
    consultants: Consultants,
    *,
    rewritable: bool,
) -> Screened:
    """The verdict on a whole message of which `local` is the verdict so far, with those of the
    providers that `advice` wants to hear; `advice` knows then what they found."""
    asked = advice.asked(passages, local)
    if not asked:
        return local
    verdicts = await consultants.consult(tuple(dict.fromkeys(one.key for one in asked)))
    return advice.verdict(local, asked, verdicts, rewritable=rewritable)
