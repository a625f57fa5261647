"""Every provider over HTTP against services that misbehave: it is skipped, and says why."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import PASSED, ProviderVerdict
from gateway.model.finding import SkipReason
from tests.adapters.guardrails.asked import answering, provider, question, replying
from tests.support.echo import Seen
from tests.support.raw_backend import RawBackend, Reply, raw_backend

SECTIONS: dict[str, dict[str, Any]] = {
    "model_armor": {"project": "p", "location": "l", "template": "t"},
    "webhook": {},
    "litellm": {},
    "openai_moderation": {},
    "llama-guard": {"model": "m", "form": "llama-guard"},
    "shieldgemma": {"model": "m", "form": "shieldgemma"},
}
KINDS = sorted(SECTIONS)
FAULTS: dict[str, tuple[Callable[[Seen], Reply], SkipReason]] = {
    "429": (answering({"error": "slow down"}, 429), SkipReason.ERROR),
    "500": (answering({}, 500), SkipReason.ERROR),
    "redirect": (lambda _: Reply(302, [("location", "http://127.0.0.1:1/")]), SkipReason.ERROR),
    "garbage": (lambda _: Reply(200, [], [b"\x00<html>"]), SkipReason.UNREADABLE),
    "half": (lambda _: Reply(200, [], [b'{"action": {'], drop=True), SkipReason.ERROR),
    "empty": (lambda _: Reply(200), SkipReason.UNREADABLE),
    "other": (answering({"hello": "world"}), SkipReason.UNREADABLE),
    "huge": (lambda _: Reply(200, [], [b" " * (2 << 20)]), SkipReason.UNREADABLE),
    "too large": (answering({}, 413), SkipReason.OVERSIZE),
}


async def asked(raw: RawBackend, kind: str, **values: Any) -> ProviderVerdict:
    section = {"url": f"http://{raw.address}", **SECTIONS[kind]}
    one = opened(provider("guard_model" if "model" in section else kind, section, **values))
    try:
        return await one.ask(question("text"))
    finally:
        await one.close()


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_misbehaves_is_skipped(kind: str, fault: str) -> None:
    answer, reason = FAULTS[fault]
    with raw_backend(answer) as raw:
        assert await asked(raw, kind) == ProviderVerdict(skipped=reason)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_is_slow_is_skipped(kind: str) -> None:
    go_on = threading.Event()

    def slow(_seen: Seen) -> Reply:
        go_on.wait(20)
        return replying({})

    with raw_backend(slow) as raw:
        verdict = await asked(raw, kind, timeout=0.2)
        go_on.set()
    assert verdict == ProviderVerdict(skipped=SkipReason.TIMEOUT)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_stops_in_the_middle_of_its_answer_is_skipped(kind: str) -> None:
    go_on = threading.Event()

    def stopping() -> Iterator[bytes]:
        yield b'{"action"'
        go_on.wait(20)

    with raw_backend(lambda _: Reply(200, [], stopping())) as raw:
        verdict = await asked(raw, kind, timeout=0.2)
        go_on.set()
    assert verdict == ProviderVerdict(skipped=SkipReason.TIMEOUT)


WORDS = st.sampled_from(
    ["NONE", "BLOCKED", "GUARDRAIL_INTERVENED", "safe", "unsafe\nS1", "Yes", "No", "SUCCESS", "x"]
)
KEYS = st.sampled_from(
    [
        "action",
        "body",
        "messages",
        "message",
        "content",
        "choices",
        "logprobs",
        "top_logprobs",
        "token",
        "logprob",
        "text",
        "texts",
        "results",
        "flagged",
        "categories",
        "category_scores",
        "hate",
        "status_code",
    ]
)
JUNK = st.recursive(
    WORDS | st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_json_a_service_answers_is_a_verdict_or_unreadable(kind: str) -> None:
    loop = asyncio.new_event_loop()
    with raw_backend(answering({})) as raw:
        section = {"url": f"http://{raw.address}", **SECTIONS[kind]}
        one = opened(
            provider(
                "guard_model" if "model" in section else kind,
                section,
                breaker={"failures": 1000, "window": 0.001},
                cache={"entries": 0},
            )
        )

        @settings(max_examples=60)
        @given(st.dictionaries(KEYS, JUNK, max_size=4))
        def asks(answer: dict[str, Any]) -> None:
            raw.answer = answering(answer)
            verdict = loop.run_until_complete(one.ask(question("text")))
            assert verdict.skipped in {None, SkipReason.UNREADABLE}

        try:
            asks()
        finally:
            loop.run_until_complete(one.close())
            loop.close()


async def test_a_service_that_answers_well_is_no_fault() -> None:
    with raw_backend(answering({"action": {}})) as raw:
        assert await asked(raw, "webhook") == PASSED
