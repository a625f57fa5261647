"""Requests that wait for a model server behind the real Envoy: overload, order, and leaving."""

import asyncio
import contextlib
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.envoy.pool_stage import (
    Answer,
    Client,
    client,
    pool_gateway,
    until_running,
)
from tests.support.engines import ImitatedEngine, engine, engines
from tests.support.gatehouse import KEY, key_entry, policy

HINTS = {"hints": [{"allow": ["objective", "fairness"]}]}
OBJECTIVES = {"urgent": 10, "batch": -1}
OBJECTIVE = "x-llm-d-inference-objective"
FAIRNESS = "x-llm-d-inference-fairness-id"
DROPPED = "x-llm-d-request-dropped-reason"
MOST_WAITING = 2
WAITING = "vllm:num_requests_waiting"
FOR_EVER = {"max_tokens": 20_000, "min_tokens": 20_000}
OVERLOAD_SECONDS = 20.0


@contextlib.asynccontextmanager
async def occupied(one: Client, only: ImitatedEngine) -> AsyncGenerator[None]:
    """Keeps the one place of an engine taken; it is free, or soon will be, after the block."""
    task = asyncio.create_task(one.chat("For ever", **FOR_EVER))
    await until_running(only, 1)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def queued(one: Client) -> asyncio.Task[Answer]:
    """A request that waits in the only place of a queue: of two at once the other is refused.

    One that left a moment ago may still be there; then both are.
    """
    async with asyncio.timeout(20):
        while True:
            asked = {asyncio.create_task(one.chat("Me, too", max_tokens=1)) for _ in range(2)}
            done, left = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result().status for task in done} == {429}
            assert {task.result().headers[DROPPED] for task in done} == {"rejected-saturated"}
            if left:
                other = left.pop()
                await asyncio.wait([other], timeout=0.2)
                if not other.done():
                    return other


async def overload(one: Client, *, a_second: float) -> list[tuple[str, Answer]]:
    """The answers to a steady stream of requests, one in six of which is urgent."""

    async def ask(number: int) -> tuple[str, Answer]:
        kind = "batch" if number % 6 else "urgent"
        more = {"max_tokens": 40, "min_tokens": 40, "headers": {OBJECTIVE: kind}}
        return kind, await one.chat(f"{number} is the number", **more)

    asked: list[asyncio.Task[tuple[str, Answer]]] = []
    began = time.monotonic()
    while (now := time.monotonic() - began) < OVERLOAD_SECONDS:
        asked += [asyncio.create_task(ask(n)) for n in range(len(asked), int(now * a_second))]
        await asyncio.sleep(1 / a_second)
    return await asyncio.gather(*asked)


async def watch(pool: list[ImitatedEngine], seen: list[float]) -> None:
    """Notes how many wait in each engine, again and again."""
    while True:
        told = [await asyncio.to_thread(each.metrics) for each in pool]
        seen += [metrics[WAITING] for metrics in told]


@pytest.mark.parametrize(("workers", "mode"), [(1, "buffered"), (2, "duplex")])
async def test_overload_is_held_back_and_the_urgent_go_first(
    tmp_path: Path, workers: int, mode: str
) -> None:
    flow = {"max_waiting": MOST_WAITING, "ttl": 5, "max_requests": 60}
    with (
        engines(2, max_num_seqs=4) as pool,
        pool_gateway(
            tmp_path,
            pool,
            workers=workers,
            flow=flow,
            route={"mode": mode, **HINTS},
            objectives=OBJECTIVES,
        ) as gateway,
    ):
        waiting: list[float] = []
        watching = asyncio.create_task(watch(pool, waiting))
        async with client(gateway) as one:
            answers = await overload(one, a_second=17)  # some 8 a second can be served
            watching.cancel()
            after = await one.chat("And now?", max_tokens=1)
        records = gateway.wait_for_records(len(answers) + 1)
        seen = sum(each.seen()["count"] for each in pool)

    refused = [answer for _, answer in answers if answer.status != 200]
    assert {answer.status for _, answer in answers} == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert all(answer.headers[DROPPED].startswith(("rejected-", "evicted-")) for answer in refused)
    assert all(json.loads(answer.text)["error"] for answer in refused)
    assert {answer.status for kind, answer in answers if kind == "urgent"} == {200}
    # One more where a request takes longer from its place to its server than metrics allow for.
    assert 0 < max(waiting) <= MOST_WAITING + 1
    assert statistics.fmean(waiting) <= MOST_WAITING
    assert seen == len(answers) - len(refused) + 1, "what is refused reaches no server"
    assert after.status == 200
    last = max(records, key=lambda each: each["time"])
    assert "waited_us" not in last, "the queue is empty in the end"
    urgent, batch = (
        statistics.median(one.seconds for kind, one in answers if kind == wanted and one.engine)
        for wanted in ("urgent", "batch")
    )
    assert urgent < batch / 2


@pytest.mark.parametrize(("workers", "mode"), [(1, "buffered"), (1, "duplex"), (2, "buffered")])
async def test_one_that_gives_way_before_its_answer_has_begun_is_told_to_ask_again(
    tmp_path: Path, workers: int, mode: str
) -> None:
    flow = {"max_in_flight": 1, "eviction": True, "ttl": 20}
    slow = {"max_tokens": 2000, "min_tokens": 2000}  # an answer that is no stream comes at its end
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(
            tmp_path,
            [only],
            workers=workers,
            flow=flow,
            route={"mode": mode, **HINTS},
            objectives=OBJECTIVES,
        ) as gateway,
    ):
        async with client(gateway) as one:
            batch = asyncio.create_task(one.chat("Now", headers={OBJECTIVE: "batch"}, **slow))
            await until_running(only, 1)
            urgent = await one.chat("At once", headers={OBJECTIVE: "urgent"}, max_tokens=1)
            evicted = await batch
        record = gateway.wait_for_records(1, audit_id=evicted.audit_id)[0]
        outcomes = only.seen()["outcomes"]
    assert (urgent.status, urgent.engine) == (200, "engine-0")
    assert (evicted.status, evicted.headers[DROPPED]) == (429, "evicted")
    assert int(evicted.headers["retry-after"]) >= 1
    assert json.loads(evicted.text)["error"]
    assert (record["decision"], record["reason"], record["status"]) == ("refuse", "evicted", 429)
    assert record["pick"]["endpoint"] == only.address
    assert outcomes == {"aborted": 1, "served": 1}


@pytest.mark.parametrize("mode", ["buffered", "duplex"])
async def test_a_request_may_wait_longer_than_a_decision_may_take(
    tmp_path: Path, mode: str
) -> None:
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(
            tmp_path,
            [only],
            flow={"max_in_flight": 1},
            route={"mode": mode},
            limits={"decision_seconds": 0.5},  # and Envoy gives up a second later
        ) as gateway,
    ):
        async with client(gateway) as one:
            asked = [one.chat(f"{n} times", max_tokens=150, min_tokens=150) for n in range(2)]
            answers = await asyncio.gather(*asked)
        waits = [record.get("waited_us", 0) for record in gateway.wait_for_records(2)]
        seen = only.seen()["count"]
    assert [answer.status for answer in answers] == [200, 200]
    assert min(waits) == 0
    assert max(waits) > 1_500_000
    assert seen == 2


async def test_who_waits_takes_a_place_until_he_leaves_and_who_is_refused_takes_none(
    tmp_path: Path,
) -> None:
    nobody = {"x-api-key": "another-key-0123456789"}
    keys = [key_entry("tester", KEY), key_entry("nobody", nobody["x-api-key"])]
    tester = {"name": "tester", "effect": "allow", "principals": ["key:tester"]}
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(
            tmp_path,
            [only],
            flow={"max_in_flight": 1, "max_requests": 1},
            policies=[policy("one", "models", tester)],
            identity={"keys": keys},
        ) as gateway,
    ):
        async with client(gateway) as one:
            async with occupied(one, only):
                first = await queued(one)
                denied = await one.chat("And I?", headers=nobody)
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
                second = await queued(one)
                assert not second.done()
            answer = await second
        record = gateway.wait_for_records(1, audit_id=denied.audit_id)[0]
        seen = only.seen()["count"]
    assert denied.status == 403
    assert {"waited_us", "pick"}.isdisjoint(record)
    assert answer.status == 200
    assert seen == 2, "who left reached no server, and who was refused did not either"


async def test_a_thousand_flows_are_served_and_none_takes_all(tmp_path: Path) -> None:
    band = {"fairness": "round-robin", "max_requests": 3_000}
    flow = {"max_in_flight": 4, "max_flows": 200, "band": band}
    with (
        engine(latency="constant") as only,
        pool_gateway(tmp_path, [only], flow=flow, route=HINTS) as gateway,
    ):
        only.configure(time_to_first_token=5.0)
        flows = ["greedy"] * 200 + [f"flow-{number}" for number in range(1_000)]
        async with contextlib.AsyncExitStack() as stack:
            many = [await stack.enter_async_context(client(gateway)) for _ in range(20)]
            asked = [
                one.chat("Hi", max_tokens=1, headers={FAIRNESS: flow})
                for one, flow in zip(itertools.cycle(many), flows)
            ]
            answers = await asyncio.gather(*asked)
    assert Counter(answer.status for answer in answers) == {200: 1_200}
