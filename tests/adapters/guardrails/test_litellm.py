from typing import Any

import pytest

from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason
from tests.adapters.guardrails.asked import answering, provider, question, sent
from tests.support.raw_backend import RawBackend, raw_backend

FOUND = (ProviderFinding("litellm", Level.HIGH),)


async def asked(raw: RawBackend, question: Question) -> ProviderVerdict:
    one = opened(provider("litellm", {"url": f"http://{raw.address}"}))
    try:
        return await one.ask(question)
    finally:
        await one.close()


async def verdict(answer: Any, question: Question) -> ProviderVerdict:
    with raw_backend(answering(answer)) as raw:
        return await asked(raw, question)


async def test_all_texts_are_sent_at_once() -> None:
    with raw_backend(answering({"action": "NONE"})) as raw:
        assert await asked(raw, question("a", "b", model="m")) == PASSED
    (seen,) = raw.seen
    assert seen.path == "/beta/litellm_basic_guardrail_api"
    body = sent(seen)
    assert len(body.pop("litellm_call_id")) == 36
    assert body == {
        "input_type": "request",
        "texts": ["a", "b"],
        "structured_messages": [
            {"role": "user", "content": "a"},
            {"role": "user", "content": "b"},
        ],
        "images": [],
        "tools": [],
        "tool_calls": [],
        "request_data": {},
        "model": "m",
    }


async def test_an_answer_is_of_input_type_response() -> None:
    with raw_backend(answering({"action": "NONE"})) as raw:
        await asked(raw, question("a", response=True))
    assert sent(raw.seen[0])["input_type"] == "response"


async def test_blocked_blocks_and_its_reason_is_told_to_nobody() -> None:
    blocked = await verdict({"action": "BLOCKED", "blocked_reason": "s3cret"}, question("a"))
    assert blocked == ProviderVerdict(ProviderAction.BLOCK, FOUND)


async def test_an_intervention_masks() -> None:
    answer = {"action": "GUARDRAIL_INTERVENED", "texts": ["[E]", "b"]}
    masked = await verdict(answer, question("a@b", "b"))
    assert masked == ProviderVerdict(ProviderAction.MASK, FOUND, ("[E]", "b"))


async def test_an_intervention_that_changes_nothing_is_a_pass() -> None:
    assert (
        await verdict({"action": "GUARDRAIL_INTERVENED", "texts": ["a"]}, question("a")) == PASSED
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"action": None},
        {"action": "none"},
        {"action": "ALLOW"},
        {"action": ["NONE"]},
        {"action": "GUARDRAIL_INTERVENED"},
        {"action": "GUARDRAIL_INTERVENED", "texts": []},
        {"action": "GUARDRAIL_INTERVENED", "texts": ["a", "b"]},
        {"action": "GUARDRAIL_INTERVENED", "texts": [1]},
    ],
    ids=str,
)
async def test_anything_else_is_unreadable(answer: Any) -> None:
    assert (await verdict(answer, question("a"))).skipped is SkipReason.UNREADABLE
