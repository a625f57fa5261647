"""OpenAI's moderation endpoint.

Source: OpenAI API reference, "Create moderation".
"""

from collections.abc import Iterator
from typing import Final

from gateway.adapters.guardrails.client import HttpClient
from gateway.adapters.guardrails.reading import as_list, as_number, as_object, unreadable
from gateway.config.providers import GuardrailProvider, OpenAiModeration
from gateway.guardrails.provider import (
    DANGEROUS,
    HARASSMENT,
    HATE,
    SEXUAL,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, Levels
from gateway.model.jsonvalue import JsonValue

LEVELS: Final = Levels()
"""Of its scores, which are no probabilities. What it flags itself is at least MEDIUM."""

_FAMILIES: Final = {
    "hate": HATE,
    "harassment": HARASSMENT,
    "sexual": SEXUAL,
    "self-harm": DANGEROUS,
    "illicit": DANGEROUS,
    "violence": DANGEROUS,
}


class OpenAiModerationJudge:
    """Sends all texts of a question at once."""

    def __init__(self, provider: GuardrailProvider, config: OpenAiModeration) -> None:
        self._model = config.model
        self._client = HttpClient(config.url, config, provider.concurrency)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        asked = [index for index, text in enumerate(question.texts) if text.strip()]
        texts: list[JsonValue] = [question.texts[index] for index in asked]
        answer = await self._client.post("/moderations", {"model": self._model, "input": texts})
        results = as_list(answer.get("results"))
        if len(results) != len(asked):
            raise unreadable()
        blocked = False
        findings: list[ProviderFinding] = []
        for index, value in zip(asked, results, strict=True):
            result = as_object(value)
            flagged = result.get("flagged")
            if not isinstance(flagged, bool):
                raise unreadable()
            found = tuple(_findings(result, index))
            if flagged and not found:
                found = (ProviderFinding("moderation", Level.HIGH, index),)
            findings += found
            blocked = blocked or flagged
        action = ProviderAction.BLOCK if blocked else ProviderAction.NONE
        return ProviderVerdict(action, tuple(findings))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _findings(result: dict[str, JsonValue], index: int) -> Iterator[ProviderFinding]:
    """Of each of our categories the highest level of those of OpenAI's that it stands for."""
    scores = as_object(result.get("category_scores"))
    flags = as_object(result.get("categories"))
    highest: dict[str, Level] = {}
    for name in {**scores, **flags}:
        level = _level(scores.get(name, 0.0), flags.get(name))
        if level is not None:
            category = _category(name)
            highest[category] = max(level, highest.get(category, level))
    for category, level in highest.items():
        yield ProviderFinding(category, level, index)


def _level(score: JsonValue, flag: JsonValue) -> Level | None:
    level = LEVELS.of(as_number(score))
    return max(level or Level.MEDIUM, Level.MEDIUM) if flag is True else level


def _category(name: str) -> str:
    """ "sexual/minors" is of the family "sexual"; a family that is new keeps its name."""
    family = name.partition("/")[0]
    return _FAMILIES.get(family, family.replace("-", "_"))
