"""The providers of a configuration, kept over reloads where theirs has not changed."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence

from gateway.adapters.guardrails.client import Judge
from gateway.adapters.guardrails.grpc_service import GrpcJudge
from gateway.adapters.guardrails.guard_model import GuardModelJudge
from gateway.adapters.guardrails.guarded import Guarded
from gateway.adapters.guardrails.litellm import LiteLlmJudge
from gateway.adapters.guardrails.model_armor import ModelArmorJudge
from gateway.adapters.guardrails.openai_moderation import OpenAiModerationJudge
from gateway.adapters.guardrails.webhook import WebhookJudge
from gateway.config.providers import GuardrailProvider
from gateway.guardrails.provider import ProviderVerdict, Question, not_judged
from gateway.model.finding import SkipReason


class Providers:
    """All providers, by name, with their connections, caches and circuits. Made and used in one
    event loop. ValueError for a provider that is of no kind or several; OSError, or
    `ssl.SSLError`, which is one, where a file of it cannot be read."""

    def __init__(self, configs: Sequence[GuardrailProvider] = ()) -> None:
        self._open: dict[str, tuple[GuardrailProvider, Guarded]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.replace(configs)

    def get(self, name: str) -> Guarded | None:
        """The provider of this name. Its questions end well although it is replaced meanwhile."""
        found = self._open.get(name)
        return None if found is None else found[1]

    async def consult(
        self, questions: Sequence[tuple[str, Question]]
    ) -> Mapping[tuple[str, Question], ProviderVerdict]:
        """The verdicts on all questions, asked at once."""
        verdicts = await asyncio.gather(*(self._ask(*one) for one in questions))
        return dict(zip(questions, verdicts, strict=True))

    async def _ask(self, name: str, question: Question) -> ProviderVerdict:
        provider = self.get(name)
        return not_judged(SkipReason.ERROR) if provider is None else await provider.ask(question)

    def replace(self, configs: Sequence[GuardrailProvider]) -> None:
        """Have these from now on. What stays as it was keeps all that it has learned. Where this
        raises nothing has changed."""
        before = self._open
        made: dict[str, tuple[GuardrailProvider, Guarded]] = {}
        fresh: list[Guarded] = []
        try:
            for config in configs:
                former = before.get(config.name)
                if former is not None and former[0] == config:
                    made[config.name] = former
                else:
                    fresh.append(opened(config))
                    made[config.name] = (config, fresh[-1])
        except BaseException:
            self._retire(fresh)
            raise
        self._open = made
        kept = {id(guarded) for _, guarded in made.values()}
        self._retire([guarded for _, guarded in before.values() if id(guarded) not in kept])

    async def close(self) -> None:
        """Close all connections, when those who wait have their answers."""
        self._retire([one for _, one in self._open.values()])
        self._open = {}
        await asyncio.gather(*self._closing)

    def _retire(self, guarded: Collection[Guarded]) -> None:
        for one in guarded:
            closing = asyncio.ensure_future(one.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def opened(config: GuardrailProvider) -> Guarded:
    """A provider that connects when it is first asked. Errors are those of `Providers`."""
    version = hashlib.sha256(config.model_dump_json().encode()).digest()
    return Guarded(config, _judge(config), version)


def _judge(config: GuardrailProvider) -> Judge:
    match config.kinds:
        case ("model_armor",) if config.model_armor:
            return ModelArmorJudge(config, config.model_armor)
        case ("webhook",) if config.webhook:
            return WebhookJudge(config, config.webhook)
        case ("litellm",) if config.litellm:
            return LiteLlmJudge(config, config.litellm)
        case ("openai_moderation",) if config.openai_moderation:
            return OpenAiModerationJudge(config, config.openai_moderation)
        case ("guard_model",) if config.guard_model:
            return GuardModelJudge(config, config.guard_model)
        case ("grpc",) if config.grpc:
            return GrpcJudge(config, config.grpc)
        case _:
            raise ValueError(f"guardrail provider {config.name} is not of exactly one kind")
