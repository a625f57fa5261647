from typing import Any

import pytest

from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import PASSED, ProviderAction, ProviderFinding, ProviderVerdict
from gateway.model.finding import Level, SkipReason
from tests.adapters.guardrails.asked import answering, provider, question, sent
from tests.support.raw_backend import RawBackend, raw_backend


def result(flagged: bool, **scores: tuple[float, bool]) -> dict[str, Any]:
    named = {name.replace("__", "/").replace("_", "-"): pair for name, pair in scores.items()}
    return {
        "flagged": flagged,
        "categories": {name: flag for name, (_, flag) in named.items()},
        "category_scores": {name: score for name, (score, _) in named.items()},
    }


async def asked(raw: RawBackend, *texts: str) -> ProviderVerdict:
    section = {"url": f"http://{raw.address}/v1", "auth": {"value": "Bearer k"}}
    one = opened(provider("openai_moderation", section))
    try:
        return await one.ask(question(*texts))
    finally:
        await one.close()


async def verdict(answer: Any, *texts: str) -> ProviderVerdict:
    with raw_backend(answering(answer)) as raw:
        return await asked(raw, *texts)


async def test_texts_that_are_not_blank_are_one_input() -> None:
    answer = {"results": [result(False), result(False)]}
    with raw_backend(answering(answer)) as raw:
        assert await asked(raw, "a", " ", "b") == PASSED
    assert raw.seen[0].path == "/v1/moderations"
    assert sent(raw.seen[0]) == {"model": "omni-moderation-latest", "input": ["a", "b"]}


async def test_what_is_flagged_blocks_with_the_highest_level_of_each_category() -> None:
    second = result(
        True,
        hate=(0.4, False),
        hate__threatening=(0.9, True),
        self_harm__intent=(0.1, True),
        violence=(0.5, False),
        sexual__minors=(0.01, False),
        new_kind=(0.7, True),
    )
    found = await verdict({"results": [result(False), second]}, "a", "", "b")
    assert found == ProviderVerdict(
        ProviderAction.BLOCK,
        (
            ProviderFinding("hate", Level.HIGH, 2),
            ProviderFinding("dangerous", Level.MEDIUM, 2),
            ProviderFinding("new_kind", Level.MEDIUM, 2),
        ),
    )


async def test_scores_that_are_not_flagged_are_findings_without_an_action() -> None:
    found = await verdict({"results": [result(False, harassment=(0.4, False))]}, "a")
    assert found == ProviderVerdict(
        ProviderAction.NONE, (ProviderFinding("harassment", Level.LOW, 0),)
    )


async def test_what_is_flagged_for_no_category_blocks_all_the_same() -> None:
    found = await verdict({"results": [result(True)]}, "a")
    assert found.action is ProviderAction.BLOCK
    assert [one.category for one in found.findings] == ["moderation"]


OTHERS: list[Any] = [
    {},
    {"results": []},
    {"results": [result(False), result(False)]},
    {"results": [{}]},
    {"results": [{**result(False), "flagged": "no"}]},
    {"results": [{**result(False), "category_scores": {"hate": "high"}}]},
    {"results": [{"flagged": False}]},
]


@pytest.mark.parametrize("answer", OTHERS, ids=str)
async def test_what_does_not_judge_every_text_is_unreadable(answer: Any) -> None:
    assert (await verdict(answer, "a")).skipped is SkipReason.UNREADABLE
