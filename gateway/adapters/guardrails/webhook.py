"""A webhook in the form of agentgateway's prompt guards.

Source: the prompt guard webhook API of agentgateway: POST /request with messages, POST /response
with choices; the answer's `action` masks (`body` is of the form that was sent), rejects (`body` is
a text, with `status_code`) or passes (no `body`). What it gives as reasons is told to nobody: it
may quote the text.
"""

from typing import Final

from gateway.adapters.guardrails.client import HttpClient
from gateway.adapters.guardrails.reading import (
    as_list,
    as_object,
    as_text,
    masked_texts,
    unreadable,
)
from gateway.config.providers import GuardrailProvider, Webhook
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part

ROLES: Final = {
    Part.SYSTEM: "system",
    Part.INSTRUCTIONS: "system",
    Part.ASSISTANT: "assistant",
    Part.REASONING: "assistant",
    Part.REFUSAL: "assistant",
    Part.TOOL_DEFINITION: "tool",
    Part.TOOL_ARGUMENTS: "tool",
    Part.TOOL_RESULT: "tool",
    Part.RESOURCE: "tool",
}
"""Roles of messages by whose words they are; everything else is the user's."""


def role(part: Part) -> str:
    """The role that a part is sent as."""
    return ROLES.get(part, "user")


class WebhookJudge:
    """Sends all texts of a question at once, each as one message."""

    def __init__(self, provider: GuardrailProvider, config: Webhook) -> None:
        self._category = config.category
        self._client = HttpClient(config.url, config, provider.concurrency)

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        path = f"/{question.direction.value}"
        answer = await self._client.post(path, {"body": _body(question)})
        action = as_object(answer.get("action"))
        body = action.get("body")
        if body is None:
            if set(action) - {"reason", "body"}:
                raise unreadable()
            return PASSED
        finding = (ProviderFinding(self._category, Level.HIGH),)
        if isinstance(body, str):
            if not isinstance(action.get("status_code"), int):
                raise unreadable()
            return ProviderVerdict(ProviderAction.BLOCK, finding)
        texts = masked_texts(_contents(as_object(body), question.direction), question.texts)
        if texts == question.texts:
            return PASSED
        return ProviderVerdict(ProviderAction.MASK, finding, texts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _body(question: Question) -> JsonObject:
    messages: list[JsonValue] = [
        {"role": role(part), "content": text}
        for text, part in zip(question.texts, question.parts, strict=True)
    ]
    if question.direction is Direction.REQUEST:
        return {"messages": messages}
    return {"choices": [{"message": message} for message in messages]}


def _contents(body: JsonObject, direction: Direction) -> list[JsonValue]:
    if direction is Direction.REQUEST:
        messages = as_list(body.get("messages"))
    else:
        messages = [as_object(one).get("message") for one in as_list(body.get("choices"))]
    return [as_text(as_object(message).get("content")) for message in messages]
