"""Model Armor's client against a real HTTP server of its form."""

from typing import Any

import pytest

from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import PASSED, ProviderAction, ProviderVerdict, Question
from gateway.model.finding import SkipReason
from tests.adapters.guardrails.asked import answering, provider, question, replying, sent
from tests.support.echo import Seen
from tests.support.raw_backend import RawBackend, Reply, raw_backend

RAN = {"executionState": "EXECUTION_SUCCESS"}


def result(found: bool, invocation: str = "SUCCESS") -> dict[str, Any]:
    state = "MATCH_FOUND" if found else "NO_MATCH_FOUND"
    injection = {**RAN, "matchState": state, "confidenceLevel": "HIGH"}
    return {
        "sanitizationResult": {
            "filterMatchState": state,
            "invocationResult": invocation,
            "filterResults": {"pi_and_jailbreak": {"piAndJailbreakFilterResult": injection}},
        }
    }


async def asked(raw: RawBackend, question: Question, **values: Any) -> ProviderVerdict:
    section = {
        "project": "p1",
        "location": "europe-west4",
        "template": "strict",
        "url": f"http://{raw.address}",
        "auth": {"value": "Bearer t"},
        **values,
    }
    one = opened(provider("model_armor", section))
    try:
        return await one.ask(question)
    finally:
        await one.close()


async def test_a_prompt_goes_to_the_template_as_user_prompt_data() -> None:
    with raw_backend(answering(result(found=False))) as raw:
        assert await asked(raw, question("hello")) == PASSED
    (seen,) = raw.seen
    assert seen.path == "/v1/projects/p1/locations/europe-west4/templates/strict:sanitizeUserPrompt"
    assert sent(seen) == {"userPromptData": {"text": "hello"}}
    assert dict(seen.headers)["authorization"] == "Bearer t"


async def test_it_asks_with_the_token_of_the_machine() -> None:
    token = b'{"access_token": "mine", "expires_in": 3599, "token_type": "Bearer"}'

    def both(seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply(200, [("Metadata-Flavor", "Google")], [token])
        return replying(result(found=False))

    with raw_backend(both) as raw:
        server = f"http://{raw.address}"
        assert await asked(raw, question("hello"), auth=None, metadata_server=server) == PASSED
    assert dict(raw.seen[-1].headers)["authorization"] == "Bearer mine"


async def test_an_answer_goes_as_model_response_data() -> None:
    with raw_backend(answering(result(found=False))) as raw:
        await asked(raw, question("hello", response=True))
    assert raw.seen[0].path.endswith("/templates/strict:sanitizeModelResponse")
    assert sent(raw.seen[0]) == {"modelResponseData": {"text": "hello"}}


async def test_a_model_may_have_a_template_of_its_own() -> None:
    with raw_backend(answering(result(found=False))) as raw:
        for model in ("llama", "other"):
            await asked(raw, question("hello", model=model), models={"llama": "lenient"})
    assert ["/templates/lenient:" in seen.path for seen in raw.seen] == [True, False]


async def test_every_text_is_judged_and_a_match_blocks() -> None:
    def answer(seen: Seen) -> Reply:
        return replying(result(found="bad" in sent(seen)["userPromptData"]["text"]))

    with raw_backend(answer) as raw:
        verdict = await asked(raw, question("good", "bad", "fine"))
    assert verdict.action is ProviderAction.BLOCK
    assert [(one.category, one.text) for one in verdict.findings] == [("prompt_injection", 1)]
    assert len(raw.seen) == 3


async def test_a_long_text_goes_in_pieces() -> None:
    with raw_backend(answering(result(found=False))) as raw:
        await asked(raw, question("".join(chr(256 + index) for index in range(2500))), piece=1000)
    lengths = sorted(len(sent(seen)["userPromptData"]["text"]) for seen in raw.seen)
    assert lengths == [1000, 1000, 1000, 1000]


async def test_one_text_that_was_not_judged_makes_the_question_skipped() -> None:
    def answer(seen: Seen) -> Reply:
        partial = sent(seen)["userPromptData"]["text"] == "b"
        return replying(result(found=False, invocation="PARTIAL" if partial else "SUCCESS"))

    with raw_backend(answer) as raw:
        verdict = await asked(raw, question("a", "b"))
    assert verdict == ProviderVerdict(skipped=SkipReason.ERROR)


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_an_error_of_google_is_a_skipped_check(status: int) -> None:
    error = {"error": {"code": status, "message": "no", "status": "RESOURCE_EXHAUSTED"}}
    with raw_backend(answering(error, status)) as raw:
        assert (await asked(raw, question("a", "b"))).skipped is SkipReason.ERROR
