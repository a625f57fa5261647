from typing import Any

import pytest

from gateway.adapters.guardrails.providers import opened
from gateway.adapters.guardrails.webhook import role
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason
from gateway.model.passage import Part, Stage
from tests.adapters.guardrails.asked import answering, provider, question, sent
from tests.support.raw_backend import RawBackend, raw_backend

FOUND = (ProviderFinding("webhook", Level.HIGH),)


async def asked(raw: RawBackend, question: Question, **values: Any) -> ProviderVerdict:
    one = opened(provider("webhook", {"url": f"http://{raw.address}/guard", **values}))
    try:
        return await one.ask(question)
    finally:
        await one.close()


async def verdict(action: Any, question: Question) -> ProviderVerdict:
    with raw_backend(answering({"action": action})) as raw:
        return await asked(raw, question)


async def test_a_request_is_sent_as_messages_with_their_roles() -> None:
    parts = (Part.SYSTEM, Part.USER, Part.TOOL_RESULT)
    one = Question(("a", "b", "c"), Stage.REQUEST, parts, Direction.REQUEST)
    with raw_backend(answering({"action": {"reason": "fine"}})) as raw:
        assert await asked(raw, one) == PASSED
    assert raw.seen[0].path == "/guard/request"
    assert sent(raw.seen[0]) == {
        "body": {
            "messages": [
                {"role": "system", "content": "a"},
                {"role": "user", "content": "b"},
                {"role": "tool", "content": "c"},
            ]
        }
    }


async def test_an_answer_is_sent_as_choices() -> None:
    with raw_backend(answering({"action": {}})) as raw:
        assert await asked(raw, question("a", response=True)) == PASSED
    assert raw.seen[0].path == "/guard/response"
    message = {"role": "assistant", "content": "a"}
    assert sent(raw.seen[0]) == {"body": {"choices": [{"message": message}]}}


async def test_a_body_of_text_with_a_status_rejects_and_its_reason_is_told_to_nobody() -> None:
    action = {"body": "s3cret found", "status_code": 403, "reason": "s3cret"}
    rejected = await verdict(action, question("a"))
    assert rejected == ProviderVerdict(ProviderAction.BLOCK, FOUND)
    assert "s3cret" not in repr(rejected)


async def test_a_body_of_messages_masks() -> None:
    body = {"messages": [{"role": "user", "content": "<E>"}, {"role": "user", "content": "b"}]}
    masked = await verdict({"body": body, "reason": "mail"}, question("a@b", "b"))
    assert masked == ProviderVerdict(ProviderAction.MASK, FOUND, ("<E>", "b"))


async def test_a_body_of_choices_masks_an_answer() -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "<E>"}}]}
    masked = await verdict({"body": body}, question("a@b", response=True))
    assert masked == ProviderVerdict(ProviderAction.MASK, FOUND, ("<E>",))


async def test_a_mask_that_changes_nothing_is_a_pass() -> None:
    body = {"messages": [{"role": "user", "content": "a"}]}
    assert await verdict({"body": body}, question("a")) == PASSED


@pytest.mark.parametrize(
    "action",
    [
        None,
        "pass",
        [],
        {"verdict": "reject"},
        {"body": 1},
        {"body": "no"},
        {"body": {}},
        {"body": {"messages": []}},
        {"body": {"messages": [{"role": "user"}]}},
        {"body": {"choices": [{"message": {"role": "user", "content": "x"}}]}},
        {"status_code": 403, "reason": "no body"},
    ],
    ids=str,
)
async def test_what_is_none_of_the_three_is_unreadable(action: Any) -> None:
    assert (await verdict(action, question("a"))).skipped is SkipReason.UNREADABLE


async def test_the_category_of_findings_is_configured() -> None:
    action = {"body": "no", "status_code": 400}
    with raw_backend(answering({"action": action})) as raw:
        found = (await asked(raw, question("a"), category="house-rules")).findings
    assert [one.category for one in found] == ["house_rules"]


def test_every_part_has_a_role() -> None:
    assert {role(part) for part in Part} == {"system", "user", "assistant", "tool"}
