"""Providers of guardrails as a worker has them: those of the snapshot in force."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from gateway.config.providers import GuardrailProvider
from gateway.guardrails.provider import ProviderVerdict, Question
from gateway.pipeline.consultants import Consultants, NoConsultants


class ProviderSet(Consultants, Protocol):
    """Providers with connections, as `gateway.adapters.guardrails.providers.Providers`."""

    def replace(self, configs: Sequence[GuardrailProvider]) -> None:
        """Have these from now on; ValueError or OSError where one cannot be had."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...


OpenProviders: TypeAlias = Callable[[], ProviderSet]
"""Opens a set without a provider."""


class Consulting:
    """`Consultants` that follow the configuration. Without a provider nothing is opened."""

    def __init__(self) -> None:
        self.open_providers: OpenProviders | None = None
        self._providers: ProviderSet | None = None

    def use(self, configs: Sequence[GuardrailProvider]) -> None:
        """Ask these from now on. ValueError or OSError where one cannot be had."""
        if self._providers is None and configs and self.open_providers is not None:
            self._providers = self.open_providers()
        if self._providers is not None:
            self._providers.replace(configs)

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        """A verdict on every question."""
        providers: Consultants = self._providers or NoConsultants()
        return await providers.consult(questions)

    async def close(self) -> None:
        """Let the connections go."""
        if self._providers is not None:
            await self._providers.close()
