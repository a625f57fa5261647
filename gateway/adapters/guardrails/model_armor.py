"""Google Model Armor, asked over REST.

Source: the REST surface of modelarmor.googleapis.com v1 (projects.locations.templates,
sanitizeUserPrompt and sanitizeModelResponse).
"""

from gateway.adapters.guardrails.client import HttpClient
from gateway.adapters.guardrails.model_armor_answer import read_answer
from gateway.adapters.guardrails.pieces import Pieces
from gateway.config.providers import GuardrailProvider, ModelArmor
from gateway.guardrails.provider import Direction, ProviderVerdict, Question
from gateway.model.jsonvalue import JsonObject


class ModelArmorJudge:
    """Sends each text to the template of its model."""

    def __init__(self, provider: GuardrailProvider, config: ModelArmor) -> None:
        self._config = config
        self._client = HttpClient(_base(config), config, provider.concurrency)
        self._pieces = Pieces(self._piece, config.piece, provider.cache)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts, each sent alone."""
        return await self._pieces.judge(question)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _piece(self, question: Question) -> ProviderVerdict:
        (text,) = question.texts
        template = self._config.models.get(question.model, self._config.template)
        path = (
            f"/v1/projects/{self._config.project}/locations/{self._config.location}"
            f"/templates/{template}"
        )
        body: JsonObject = {"text": text}
        if question.direction is Direction.REQUEST:
            answer = await self._client.post(f"{path}:sanitizeUserPrompt", {"userPromptData": body})
        else:
            path = f"{path}:sanitizeModelResponse"
            answer = await self._client.post(path, {"modelResponseData": body})
        return read_answer(answer, text, frozenset(self._config.may_skip))


def _base(config: ModelArmor) -> str:
    return config.url or f"https://modelarmor.{config.location}.rep.googleapis.com"
