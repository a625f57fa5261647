"""Time, trouble, size and memory of providers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.adapters.guardrails.client import UnusableError
from gateway.adapters.guardrails.guarded import Guarded
from gateway.guardrails.provider import (
    PASSED,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason
from tests.adapters.guardrails.asked import provider, question

BLOCKED = ProviderVerdict(ProviderAction.BLOCK, (ProviderFinding("hate", Level.HIGH),))
HOOK = {"url": "http://127.0.0.1:1"}


class Scripted:
    """A judge that does what the test says, and counts."""

    def __init__(self, act: Callable[[Question], Awaitable[ProviderVerdict]]) -> None:
        self.act = act
        self.asked = 0
        self.closed = False

    async def judge(self, question: Question) -> ProviderVerdict:
        self.asked += 1
        return await self.act(question)

    async def close(self) -> None:
        self.closed = True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def saying(verdict: ProviderVerdict) -> Scripted:
    async def act(_: Question) -> ProviderVerdict:
        return verdict

    return Scripted(act)


def failing(error: Exception) -> Scripted:
    async def act(_: Question) -> ProviderVerdict:
        raise error

    return Scripted(act)


def guarded(judge: Scripted, clock: Clock | None = None, **values: Any) -> Guarded:
    config = provider("webhook", HOOK, **values)
    return Guarded(config, judge, b"1", clock or Clock())


async def skipped(one: Guarded, text: str = "x") -> SkipReason | None:
    return (await one.ask(question(text))).skipped


async def test_the_verdict_comes_back_and_is_kept() -> None:
    judge = saying(BLOCKED)
    one = guarded(judge)
    assert await one.ask(question("x")) == BLOCKED
    assert await one.ask(question("x")) == BLOCKED
    assert judge.asked == 1
    await one.ask(question("y"))
    assert judge.asked == 2


async def test_that_nothing_was_found_is_kept_too_and_for_its_time() -> None:
    judge, clock = saying(PASSED), Clock()
    one = guarded(judge, clock, cache={"ttl": 10})
    await one.ask(question("x"))
    clock.now += 9
    await one.ask(question("x"))
    assert judge.asked == 1
    clock.now += 1
    await one.ask(question("x"))
    assert judge.asked == 2


async def test_failures_are_not_kept() -> None:
    judge = failing(UnusableError(SkipReason.ERROR))
    one = guarded(judge)
    assert await skipped(one) is SkipReason.ERROR
    assert await skipped(one) is SkipReason.ERROR
    assert judge.asked == 2


async def test_blank_texts_are_asked_about_nowhere() -> None:
    judge = saying(BLOCKED)
    assert await guarded(judge).ask(question("", " \n")) == PASSED
    assert judge.asked == 0


async def test_a_question_that_is_too_large_is_not_asked() -> None:
    judge = saying(PASSED)
    one = guarded(judge, max_characters=3)
    assert (await one.ask(question("ab", "cd"))).skipped is SkipReason.OVERSIZE
    assert (await one.ask(question("ab", "c"))).skipped is None
    assert judge.asked == 1


async def test_a_provider_that_takes_too_long_is_skipped() -> None:
    async def never(_: Question) -> ProviderVerdict:
        await asyncio.Event().wait()
        return PASSED

    assert await skipped(guarded(Scripted(never), timeout=0.05)) is SkipReason.TIMEOUT


async def test_waiting_for_others_counts_as_time() -> None:
    judge = saying(PASSED)
    go_on, inside = asyncio.Event(), asyncio.Event()

    async def hold(_: Question) -> ProviderVerdict:
        inside.set()
        await go_on.wait()
        return PASSED

    judge.act = hold
    one = guarded(judge, timeout=0.3, concurrency=1)
    first = asyncio.ensure_future(one.ask(question("a")))
    await inside.wait()
    assert await skipped(one, "b") is SkipReason.TIMEOUT
    assert judge.asked == 1
    await first


@pytest.mark.parametrize("reason", list(SkipReason))
async def test_why_there_is_no_verdict_is_told(reason: SkipReason) -> None:
    assert await skipped(guarded(failing(UnusableError(reason)))) is reason


async def test_a_fault_of_our_own_is_a_skipped_check_and_none_of_the_service() -> None:
    one = guarded(failing(RuntimeError("x")), breaker={"failures": 1})
    assert [await skipped(one) for _ in range(2)] == [SkipReason.ERROR, SkipReason.ERROR]


async def test_a_verdict_that_does_not_fit_its_question_is_unreadable() -> None:
    judge = saying(ProviderVerdict(ProviderAction.MASK, (), ("a", "b")))
    assert await skipped(guarded(judge)) is SkipReason.UNREADABLE


async def test_the_circuit_opens_after_failures_and_one_question_tries_it() -> None:
    clock = Clock()
    judge = failing(UnusableError(SkipReason.TIMEOUT))
    one = guarded(judge, clock, breaker={"failures": 2, "window": 10, "rest": 5})
    assert [await skipped(one) for _ in range(3)] == [
        SkipReason.TIMEOUT,
        SkipReason.TIMEOUT,
        SkipReason.CIRCUIT_OPEN,
    ]
    assert judge.asked == 2
    clock.now += 5
    assert await skipped(one) is SkipReason.TIMEOUT
    assert await skipped(one) is SkipReason.CIRCUIT_OPEN
    clock.now += 5
    judge.act = saying(BLOCKED).act
    assert await one.ask(question("x")) == BLOCKED
    judge.act = failing(UnusableError(SkipReason.ERROR)).act
    assert await skipped(one, "y") is SkipReason.ERROR


async def test_what_is_known_is_told_while_the_circuit_is_open() -> None:
    judge = saying(BLOCKED)
    one = guarded(judge, breaker={"failures": 1})
    await one.ask(question("x"))
    judge.act = failing(UnusableError(SkipReason.ERROR)).act
    await one.ask(question("y"))
    assert await skipped(one, "z") is SkipReason.CIRCUIT_OPEN
    assert await one.ask(question("x")) == BLOCKED


async def test_what_a_caller_writes_cannot_open_the_circuit_for_others() -> None:
    judge = failing(UnusableError(SkipReason.ERROR, own=False))
    one = guarded(judge, breaker={"failures": 1})
    assert [await skipped(one) for _ in range(5)] == [SkipReason.ERROR] * 5
    assert judge.asked == 5


async def test_a_try_that_its_asker_leaves_does_not_keep_the_circuit_open() -> None:
    clock = Clock()
    judge = failing(UnusableError(SkipReason.ERROR))
    one = guarded(judge, clock, breaker={"failures": 1, "rest": 5})
    await skipped(one)
    clock.now += 5
    inside = asyncio.Event()

    async def hold(_: Question) -> ProviderVerdict:
        inside.set()
        await asyncio.Event().wait()
        return PASSED

    judge.act = hold
    task = asyncio.ensure_future(one.ask(question("x")))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    judge.act = saying(BLOCKED).act
    assert await one.ask(question("x")) == BLOCKED


async def test_no_more_questions_than_configured_are_asked_at_once() -> None:
    running = most = 0

    async def count(_: Question) -> ProviderVerdict:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _turn in range(5):
            await asyncio.sleep(0)
        running -= 1
        return PASSED

    one = guarded(Scripted(count), concurrency=3)
    await asyncio.gather(*(one.ask(question(str(number))) for number in range(20)))
    assert most == 3


async def test_connections_are_given_up_when_nobody_waits_any_more() -> None:
    go_on, inside = asyncio.Event(), asyncio.Event()

    async def hold(_: Question) -> ProviderVerdict:
        inside.set()
        await go_on.wait()
        return BLOCKED

    judge = Scripted(hold)
    one = guarded(judge)
    asking = asyncio.ensure_future(one.ask(question("x")))
    await inside.wait()
    closing = asyncio.ensure_future(one.close())
    await asyncio.sleep(0)
    assert not judge.closed
    go_on.set()
    assert await asking == BLOCKED
    await closing
    assert judge.closed
