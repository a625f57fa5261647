"""Several workers pick from one pool as well as one worker does."""

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.pool_stage import (
    Answer,
    Client,
    client,
    happens,
    picker_pid,
    pool_gateway,
    until_running,
)
from tests.support.engines import engine, engines
from tests.support.gatehouse import Gateway

STORY = "A long preface that every question about the same document begins with. " * 40
BURST = 64
FOR_EVER = {"max_tokens": 20_000, "min_tokens": 20_000}
HINTS = {"hints": [{"allow": ["objective"]}]}
OBJECTIVE = "x-llm-d-inference-objective"


def degraded(records: list[dict[str, Any]]) -> int:
    """How many picks were made without the picker of all workers."""
    return sum(bool(record.get("pick", {}).get("degraded")) for record in records)


async def documents(one: Client) -> list[Counter[str]]:
    """Who served each of four documents, about which four questions are asked in turn."""
    served = [Counter[str]() for _ in range(4)]
    for number in range(4):
        for document, names in enumerate(served):
            answer = await one.chat(f"Document {document}. {STORY} {number}?", max_tokens=2)
            assert answer.status == 200
            names[answer.engine] += 1
    return served


def queued(gateway: Gateway) -> int:
    """How many wait in the only pool."""
    (pool,) = httpx.get(f"{gateway.admin}/pools").json()["pools"]
    return int(pool["queue"]["waiting"])


async def burst(one: Client) -> list[Answer]:
    """As many identical prompts as come at once."""
    asked = (one.chat(STORY * 3, max_tokens=20, min_tokens=20) for _ in range(BURST))
    return await asyncio.gather(*asked)


@pytest.mark.parametrize("workers", [1, 2, 4])
async def test_a_prefix_stays_on_one_server_and_is_computed_once_there(
    tmp_path: Path, workers: int
) -> None:
    """How many servers a burst is worth depends on how fast it comes: a prompt that is warm by the
    time that the last asks for it needs no second copy. But each copy is begun once."""
    with engines(4, speed=2) as pool, pool_gateway(tmp_path, pool, workers=workers) as gateway:
        async with client(gateway) as one:
            served = await documents(one)
            await asyncio.to_thread(gateway.wait_for_records, 16)
            answers = await burst(one)
        records = gateway.wait_for_records(16 + BURST)
    assert [len(names) for names in served] == [1, 1, 1, 1]
    assert len({name for names in served for name in names}) == 4
    assert {answer.status for answer in answers} == {200}
    picks = [record["pick"] for record in records[16:]]
    begun = Counter(pick["endpoint"] for pick in picks if not pick["cached_tokens"])
    assert begun == Counter({pick["endpoint"] for pick in picks})
    assert degraded(records) == 0


@pytest.mark.parametrize("workers", [1, 2, 4])
async def test_a_burst_of_one_prompt_neither_herds_nor_scatters(
    tmp_path: Path, workers: int
) -> None:
    """It waits for servers, so that all of it is placed at once however slow the machine is. Each
    server is as much worth as the others then, and has its part."""
    members = tmp_path / "members.yaml"
    members.write_text("[]")
    flow = {"ttl": 30, "no_endpoint_ttl": 40}
    with (
        engines(4, speed=2) as pool,
        pool_gateway(tmp_path, [], workers=workers, flow=flow, file=str(members)) as gateway,
    ):
        async with client(gateway) as one:
            asking = asyncio.create_task(burst(one))
            await happens(lambda: queued(gateway) == BURST)
            fresh = tmp_path / "members.new"
            fresh.write_text(json.dumps([{"address": each.address} for each in pool]))
            fresh.replace(members)
            answers = await asking
        records = gateway.wait_for_records(BURST)
    assert {answer.status for answer in answers} == {200}
    shares = Counter(answer.engine for answer in answers)
    assert len(shares) == 4
    assert max(shares.values()) <= BURST * 3 // 8, shares
    picks = [record["pick"] for record in records]
    assert sum(not pick["cached_tokens"] for pick in picks) == 4
    assert degraded(records) == 0


@pytest.mark.parametrize("workers", [1, 4])
async def test_there_is_one_order_of_priority_over_all_workers(
    tmp_path: Path, workers: int
) -> None:
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(
            tmp_path,
            [only],
            workers=workers,
            flow={"max_in_flight": 1, "max_requests": 12},
            route=HINTS,
            objectives={"urgent": 10, "batch": -1},
        ) as gateway,
    ):
        async with client(gateway) as one:
            running = asyncio.create_task(one.chat("For ever", **FOR_EVER))
            await until_running(only, 1)

            def ask(objective: str) -> asyncio.Task[Any]:
                headers = {OBJECTIVE: objective}
                return asyncio.create_task(one.chat(objective, max_tokens=1, headers=headers))

            asked = [ask("batch") for _ in range(12)]
            asked += [ask("urgent") for _ in range(6)]
            refused = 0
            while refused < 6:  # the queue is full, so that each of the six drives one out
                done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                assert {task.result().status for task in done} == {429}
                refused += len(done)
                asked = [task for task in asked if not task.done()]
            running.cancel()
            answers = await asyncio.gather(*asked)
        order = [(one["prompt"], one.get("outcome")) for one in only.seen()["recent"]][1:]
    assert {answer.status for answer in answers} == {200}
    prompts = [prompt for prompt, _ in order]
    assert len(prompts) == 12
    assert len(set(prompts[:6])) == len(set(prompts[6:])) == 1
    assert prompts[0] != prompts[6], "six urgent ones, then six of the batch"


async def some(one: Client, count: int) -> list[Any]:
    return await asyncio.gather(*(one.chat(f"{n} is the number") for n in range(count)))


async def until_picked_together(gateway: Gateway, one: Client) -> None:
    """Asks until a pick is made by the picker of all workers again."""
    async with asyncio.timeout(30):
        while True:
            known = len(gateway.records())
            assert {answer.status for answer in await some(one, 4)} == {200}
            await happens(lambda: len(gateway.records()) >= known + 4)  # noqa: B023  awaited
            if degraded(gateway.records()[known:]) == 0:
                return


async def test_while_the_picker_is_gone_workers_pick_alone(tmp_path: Path) -> None:
    with engines(2, speed=10) as pool, pool_gateway(tmp_path, pool, workers=2) as gateway:
        async with client(gateway) as one:
            stop = asyncio.Event()

            async def traffic() -> list[int]:
                statuses: list[int] = []
                while not stop.is_set():
                    statuses += [answer.status for answer in await some(one, 4)]
                return statuses

            asking = asyncio.create_task(traffic())
            await happens(lambda: len(gateway.records()) >= 8)
            before = degraded(gateway.records())
            first = picker_pid(gateway)
            os.kill(first, signal.SIGKILL)
            await happens(lambda: degraded(gateway.records()) > 0)
            await until_picked_together(gateway, one)
            stop.set()
            statuses = await asking
            second = picker_pid(gateway)
        shares = Counter(record["endpoint"] for record in gateway.records())
    assert before == 0
    assert set(statuses) == {200}
    assert first != second
    assert set(shares) == {each.address for each in pool}


async def test_what_waits_when_the_picker_goes_waits_on_and_is_served(tmp_path: Path) -> None:
    with (
        engine(max_num_seqs=1) as only,
        pool_gateway(tmp_path, [only], workers=2, flow={"max_in_flight": 1}) as gateway,
    ):
        async with client(gateway) as one:
            running = asyncio.create_task(one.chat("For ever", **FOR_EVER))
            await until_running(only, 1)
            waiting = [asyncio.create_task(one.chat(f"{n}", max_tokens=1)) for n in range(4)]
            os.kill(picker_pid(gateway), signal.SIGKILL)
            # What alone a worker knows of is nothing: they go to the server, which lets them wait.
            await happens(lambda: only.metrics()["vllm:num_requests_waiting"] >= 1)
            running.cancel()
            answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {200}


async def test_what_a_killed_worker_had_in_flight_is_given_back(tmp_path: Path) -> None:
    with (
        engine(max_num_seqs=4) as only,
        pool_gateway(tmp_path, [only], workers=2, flow={"max_in_flight": 1}) as gateway,
    ):
        async with client(gateway) as one:
            running = asyncio.create_task(one.chat("For ever", **FOR_EVER))
            await until_running(only, 1)
            await happens(lambda: gateway.metric("gatehouse_open_streams") == 1)
            for pid in gateway.workers:
                os.kill(pid, signal.SIGKILL)
            await asyncio.wait([running])
            await asyncio.to_thread(gateway.wait_for_workers, 2)
            answer = await one.chat("Hello", max_tokens=1)
            await happens(lambda: gateway.metric("gatehouse_open_streams") == 0)
        records = gateway.wait_for_records(1)
    assert isinstance(running.exception(), httpx.HTTPError) or running.result().status == 503
    assert answer.status == 200
    assert degraded(records) == 0
