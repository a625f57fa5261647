"""Who asks the providers of guardrails. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.guardrails.provider import ProviderVerdict, Question, not_judged
from gateway.model.finding import SkipReason


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
