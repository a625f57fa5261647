"""A model that is trained to judge, on an OpenAI-compatible server of the user's own."""

from gateway.adapters.guardrails import llama_guard, shieldgemma
from gateway.adapters.guardrails.client import HttpClient
from gateway.adapters.guardrails.pieces import Pieces, all_of
from gateway.adapters.guardrails.reading import as_list, as_object, unreadable
from gateway.config.providers import GuardModel, GuardrailProvider
from gateway.guardrails.provider import (
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level
from gateway.model.jsonvalue import JsonObject


class GuardModelJudge:
    """Asks about each text alone, in the form that the model was trained for."""

    def __init__(self, provider: GuardrailProvider, config: GuardModel) -> None:
        self._config = config
        self._client = HttpClient(config.url, config, provider.concurrency)
        self._pieces = Pieces(self._piece, config.piece, provider.cache)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        return await self._pieces.judge(question)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _piece(self, question: Question) -> ProviderVerdict:
        (text,) = question.texts
        if self._config.form == "llama-guard":
            body = llama_guard.request(text, question.direction)
            found = llama_guard.read(await self._choice("/chat/completions", body))
        else:
            levels = await all_of(
                self._shieldgemma(category, text, question) for category in shieldgemma.POLICIES
            )
            pairs = zip(shieldgemma.POLICIES, levels, strict=True)
            found = {category: level for category, level in pairs if level is not None}
        findings = tuple(ProviderFinding(name, level, 0) for name, level in found.items())
        blocks = any(level >= Level.MEDIUM for level in found.values())
        return ProviderVerdict(ProviderAction.BLOCK if blocks else ProviderAction.NONE, findings)

    async def _shieldgemma(self, category: str, text: str, question: Question) -> Level | None:
        body = shieldgemma.request(category, text, question.direction)
        return shieldgemma.read(await self._choice("/completions", body))

    async def _choice(self, path: str, body: JsonObject) -> JsonObject:
        """The one choice of the model's answer."""
        if not self._config.logprobs:
            body = {key: value for key, value in body.items() if "logprobs" not in key}
        answer = await self._client.post(path, {"model": self._config.model, **body})
        choices = as_list(answer.get("choices"))
        if len(choices) != 1:
            raise unreadable()
        return as_object(choices[0])
