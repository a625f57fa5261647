"""A server of LiteLLM's generic guardrail API.

Source: LiteLLM's generic guardrail API (beta): POST /beta/litellm_basic_guardrail_api; the answer's
`action` is NONE, BLOCKED or GUARDRAIL_INTERVENED with `texts`. The `blocked_reason` is told to
nobody: it may quote the text.
"""

import uuid
from typing import Final

from gateway.adapters.guardrails.client import HttpClient
from gateway.adapters.guardrails.reading import masked_texts, unreadable
from gateway.adapters.guardrails.webhook import role
from gateway.config.providers import GuardrailProvider, LiteLlm
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level
from gateway.model.jsonvalue import JsonObject

PATH: Final = "/beta/litellm_basic_guardrail_api"


class LiteLlmJudge:
    """Sends all texts of a question at once."""

    def __init__(self, provider: GuardrailProvider, config: LiteLlm) -> None:
        self._category = config.category
        self._client = HttpClient(config.url, config, provider.concurrency)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        answer = await self._client.post(PATH, _body(question))
        finding = (ProviderFinding(self._category, Level.HIGH),)
        match answer.get("action"):
            case "NONE":
                return PASSED
            case "BLOCKED":
                return ProviderVerdict(ProviderAction.BLOCK, finding)
            case "GUARDRAIL_INTERVENED":
                texts = masked_texts(answer.get("texts"), question.texts)
                if texts == question.texts:
                    return PASSED
                return ProviderVerdict(ProviderAction.MASK, finding, texts)
            case _:
                raise unreadable()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _body(question: Question) -> JsonObject:
    return {
        "input_type": question.direction.value,
        "texts": list(question.texts),
        "structured_messages": [
            {"role": role(part), "content": text}
            for text, part in zip(question.texts, question.parts, strict=True)
        ],
        "images": [],
        "tools": [],
        "tool_calls": [],
        "request_data": {},
        "litellm_call_id": str(uuid.uuid4()),
        "model": question.model or None,
    }
