"""Guard models on a real HTTP server of OpenAI's form."""

from typing import Any

import pytest

from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import PASSED, ProviderAction, ProviderFinding, ProviderVerdict
from gateway.model.finding import Level, SkipReason
from tests.adapters.guardrails.asked import answering, provider, question, replying, sent
from tests.support.echo import Seen
from tests.support.raw_backend import RawBackend, Reply, raw_backend


def chat(content: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}, "logprobs": None}]}


async def asked(raw: RawBackend, form: str, *texts: str, **values: Any) -> ProviderVerdict:
    section = {"url": f"http://{raw.address}/v1", "model": "guard", "form": form, **values}
    one = opened(provider("guard_model", section))
    try:
        return await one.ask(question(*texts))
    finally:
        await one.close()


async def test_llama_guard_judges_each_text_by_a_chat_completion() -> None:
    def answer(seen: Seen) -> Reply:
        bad = "bad" in sent(seen)["messages"][0]["content"]
        return replying(chat("unsafe\nS10" if bad else "safe"))

    with raw_backend(answer) as raw:
        verdict = await asked(raw, "llama-guard", "good", "bad")
    assert verdict == ProviderVerdict(
        ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH, 1),)
    )
    assert {seen.path for seen in raw.seen} == {"/v1/chat/completions"}
    assert {sent(seen)["model"] for seen in raw.seen} == {"guard"}
    assert all(sent(seen)["logprobs"] for seen in raw.seen)


async def test_shieldgemma_judges_each_text_once_for_each_category() -> None:
    def answer(seen: Seen) -> Reply:
        hate = "No Hate Speech" in sent(seen)["prompt"]
        logprobs = {"top_logprobs": [{"Yes": -0.5 if hate else -5.0, "No": -1.0}]}
        return replying({"choices": [{"text": "Yes", "logprobs": logprobs}]})

    with raw_backend(answer) as raw:
        verdict = await asked(raw, "shieldgemma", "text")
    assert verdict == ProviderVerdict(
        ProviderAction.BLOCK, (ProviderFinding("hate", Level.MEDIUM, 0),)
    )
    assert [seen.path for seen in raw.seen] == ["/v1/completions"] * 4


async def test_a_level_of_low_alone_asks_for_nothing() -> None:
    logprobs = {"top_logprobs": [{"Yes": -1.0, "No": -0.6}]}
    with raw_backend(answering({"choices": [{"text": "No", "logprobs": logprobs}]})) as raw:
        verdict = await asked(raw, "shieldgemma", "text")
    assert verdict.action is ProviderAction.NONE
    assert {one.level for one in verdict.findings} == {Level.LOW}


async def test_a_server_without_log_probabilities_is_not_asked_for_them() -> None:
    with raw_backend(answering(chat("safe"))) as raw:
        assert await asked(raw, "llama-guard", "text", logprobs=False) == PASSED
    assert not {"logprobs", "top_logprobs"} & set(sent(raw.seen[0]))


OTHERS: list[Any] = [
    {},
    {"choices": []},
    {"choices": [{}, {}]},
    {"choices": [1]},
    chat("I am sorry"),
]


@pytest.mark.parametrize("form", ["llama-guard", "shieldgemma"])
@pytest.mark.parametrize("answer", OTHERS, ids=["none", "no choice", "two", "no object", "chatter"])
async def test_an_answer_of_another_form_is_unreadable(answer: Any, form: str) -> None:
    with raw_backend(answering(answer)) as raw:
        assert (await asked(raw, form, "text")).skipped is SkipReason.UNREADABLE
