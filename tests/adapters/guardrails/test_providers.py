import asyncio
import threading
from typing import Any

import pytest

from gateway.adapters.guardrails.providers import Providers, opened
from gateway.config.providers import GuardrailProvider
from gateway.guardrails.provider import PASSED
from tests.adapters.guardrails.asked import answering, provider, question, replying
from tests.support.raw_backend import Reply, raw_backend

HOOK = {"url": "http://127.0.0.1:1"}
SECTIONS: dict[str, dict[str, Any]] = {
    "model_armor": {"project": "p", "location": "l", "template": "t"},
    "webhook": HOOK,
    "litellm": HOOK,
    "openai_moderation": {},
    "guard_model": {**HOOK, "model": "m", "form": "llama-guard"},
    "grpc": {"address": "127.0.0.1:1"},
}


def named(name: str, **values: Any) -> GuardrailProvider:
    return provider("webhook", HOOK, **values).model_copy(update={"name": name})


@pytest.mark.parametrize("kind", sorted(SECTIONS))
async def test_a_provider_of_each_kind_opens_without_being_asked(kind: str) -> None:
    one = opened(provider(kind, SECTIONS[kind]))
    assert one.name == "one"
    await one.close()


async def test_a_provider_of_no_kind_or_several_cannot_be_opened() -> None:
    two = GuardrailProvider.model_validate(
        {"name": "two", "webhook": {"url": HOOK["url"]}, "litellm": {"url": HOOK["url"]}}
    )
    for wrong in (GuardrailProvider(name="none"), two):
        with pytest.raises(ValueError, match="exactly one kind"):
            opened(wrong)


async def test_providers_are_found_by_name() -> None:
    providers = Providers([named("a"), named("b")])
    found = providers.get("b")
    assert found is not None
    assert found.name == "b"
    assert providers.get("c") is None
    await providers.close()
    assert providers.get("a") is None


async def test_a_provider_that_stays_as_it_was_keeps_what_it_has_learned() -> None:
    providers = Providers([named("a"), named("b")])
    a, b = providers.get("a"), providers.get("b")
    providers.replace([named("a"), named("b", timeout=3), named("c")])
    assert providers.get("a") is a
    assert providers.get("b") is not b
    assert providers.get("c") is not None
    await providers.close()


async def test_a_set_that_cannot_be_opened_changes_nothing() -> None:
    providers = Providers([named("a")])
    a = providers.get("a")
    with pytest.raises(ValueError, match="exactly one kind"):
        providers.replace([named("b"), GuardrailProvider(name="none")])
    assert providers.get("a") is a
    assert providers.get("b") is None
    await providers.close()


async def test_a_question_to_a_provider_that_is_replaced_gets_its_answer() -> None:
    go_on, asked = threading.Event(), threading.Event()

    def slow(_seen: object) -> Reply:
        asked.set()
        go_on.wait(20)
        return replying({"action": {}})

    with raw_backend(slow) as raw:
        providers = Providers([provider("webhook", {"url": f"http://{raw.address}"})])
        found = providers.get("one")
        assert found is not None
        asking = asyncio.ensure_future(found.ask(question("a")))
        await asyncio.to_thread(asked.wait, 20)
        providers.replace([])
        assert providers.get("one") is None
        go_on.set()
        assert await asking == PASSED
        await providers.close()


async def test_connections_of_a_provider_are_used_again() -> None:
    with raw_backend(answering({"action": {}})) as raw:
        providers = Providers([provider("webhook", {"url": f"http://{raw.address}"})])
        found = providers.get("one")
        assert found is not None
        for text in "abc":
            await found.ask(question(text))
        await providers.close()
        assert (len(raw.seen), len(raw.connections)) == (3, 1)
