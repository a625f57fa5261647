"""Several gateways pick from the same servers as well as one does, while they share `state`."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.envoy.pool_stage import Client, client, happens, picker_pid, pool_gateway, until_running
from tests.support.engines import ImitatedEngine, engines
from tests.support.gatehouse import Gateway
from tests.support.valkey import RealValkey, valkey

TURNS = 6
TALKS = 4
STORY = "A long preface that every turn of the same conversation begins with. " * 40
FOR_EVER = {"max_tokens": 20_000, "min_tokens": 20_000}


@contextlib.contextmanager
def two_gateways(
    folder: Path, pool: Sequence[ImitatedEngine], state: str | None, workers: int = 1
) -> Generator[tuple[Gateway, Gateway]]:
    """Both with an Envoy of their own, before the same engines."""
    with (
        pool_gateway(folder / "a", pool, state=state, workers=workers) as first,
        pool_gateway(folder / "b", pool, state=state, workers=workers) as second,
    ):
        yield first, second


async def sharing(*gateways: Gateway, peers: int = 1) -> None:
    """Until each knows the others."""
    for gateway in gateways:
        await happens(lambda gateway=gateway: gateway.metric("gatehouse_state_peers") == peers)


def connected(gateway: Gateway) -> float:
    return gateway.metric("gatehouse_state_connected")


def in_flight(gateway: Gateway) -> list[dict[str, Any]]:
    """What the gateway counts at each endpoint, in the order of their addresses."""
    pools = httpx.get(f"{gateway.admin}/pools").json()["pools"]
    endpoints = sorted(pools[0]["endpoints"], key=lambda one: one["address"])
    return [one["in_flight"] for one in endpoints]


def told(gateway: Gateway) -> dict[str, Any]:
    """What `gatehouse status` says of `state`."""
    found: dict[str, Any] = gateway.status()["state"]
    return found


async def conversations(
    clients: Sequence[Client], talks: Sequence[int] = range(TALKS)
) -> list[Counter[str]]:
    """Who served each of four conversations, whose turns go to the gateways in turn. Gateways that
    share nothing begin different ones, and so give the same servers to different ones."""
    served = [Counter[str]() for _ in range(TALKS)]
    for turn in range(TURNS):
        for talk in talks:
            said = f"Conversation {talk}. {STORY}" + "And one more thing to say. " * 40 * turn
            answer = await clients[(turn + talk) % len(clients)].chat(said, max_tokens=2)
            assert answer.status == 200
            served[talk][answer.engine] += 1
    return served


@pytest.mark.parametrize("workers", [1, 2])
async def test_turns_that_alternate_between_gateways_stay_on_one_server(
    tmp_path: Path, workers: int
) -> None:
    with (
        valkey() as state,
        engines(4, speed=2) as pool,
        two_gateways(tmp_path, pool, state.url, workers) as (first, second),
    ):
        await sharing(first, second)
        async with client(first) as one, client(second) as other:
            served = await conversations([one, other])
    assert [len(names) for names in served] == [1] * TALKS, served
    assert len({name for names in served for name in names}) == TALKS


async def test_what_one_gateway_has_sent_the_other_counts(tmp_path: Path) -> None:
    with (
        valkey() as state,
        engines(2) as pool,
        two_gateways(tmp_path, pool, state.url) as (first, second),
    ):
        await sharing(first, second)
        async with client(first) as one, client(second) as other:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(one.chat(f"{n}", **FOR_EVER)) for n in range(6)]
                await happens(lambda: second.metric("gatehouse_state_peer_requests") == 6)
                assert second.metric("gatehouse_pool_in_flight_requests") == 0
                assert sum(sent["elsewhere"] for sent in in_flight(second)) == 6
                assert in_flight(second) != in_flight(first)
                requests = [
                    [sent["requests"] for sent in in_flight(one)] for one in (first, second)
                ]
                assert requests == [[3, 3]] * 2
                for task in running:
                    task.cancel()
            await happens(lambda: second.metric("gatehouse_state_peer_requests") == 0)
            assert (await other.chat("and now")).status == 200


async def test_a_gateway_that_is_killed_leaves_no_server_looking_busy(tmp_path: Path) -> None:
    with (
        valkey() as state,
        engines(1) as pool,
        two_gateways(tmp_path, pool, state.url) as (first, second),
    ):
        await sharing(first, second)
        async with client(second) as one:
            running = asyncio.create_task(one.chat("For ever", **FOR_EVER))
            await until_running(pool[0], 1)
            await happens(lambda: first.metric("gatehouse_state_peer_requests") == 1)
            second.process.send_signal(signal.SIGKILL)
            await happens(lambda: first.metric("gatehouse_state_peer_requests") == 0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await sharing(first, peers=0)


async def lives_without(gateways: Sequence[Gateway], one: Client) -> None:
    """Requests are answered while the state is gone, and the gateways say that it is."""
    answers = [await one.chat(f"Meanwhile {number}", max_tokens=2) for number in range(8)]
    assert {answer.status for answer in answers} == {200}
    for gateway in gateways:
        await happens(lambda gateway=gateway: connected(gateway) == 0)
        await happens(lambda gateway=gateway: told(gateway)["connected"] is False)
        assert told(gateway)["problem"]
    await sharing(*gateways, peers=0)
    answers = [await one.chat(f"Still {number}", max_tokens=2) for number in range(8)]
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize("how", ["kill", "freeze"])
async def test_without_state_each_goes_on_alone_and_says_so(tmp_path: Path, how: str) -> None:
    with (
        valkey() as state,
        engines(4, speed=2) as pool,
        two_gateways(tmp_path, pool, state.url) as (first, second),
    ):
        await sharing(first, second)
        async with client(first) as one, client(second) as other:
            (state.kill if how == "kill" else state.freeze)()
            await lives_without((first, second), one)
            (state.start if how == "kill" else state.thaw)()
            await sharing(first, second)
            await happens(lambda: connected(first) == connected(second) == 1)
            served = await conversations([one, other])
    assert [len(names) for names in served] == [1] * TALKS, served
    said = "\n".join([*first.process.stdout.lines, *first.process.stderr.lines])
    assert said.count("state is gone") == 1, said
    assert said.count("state is there") == 1, said


async def test_a_gateway_starts_without_its_state_and_finds_it_later(tmp_path: Path) -> None:
    state = RealValkey()
    try:
        with (
            engines(2) as pool,
            two_gateways(tmp_path, pool, state.url) as (first, second),
        ):
            async with client(first) as one:
                assert (await one.chat("Hello", max_tokens=2)).status == 200
            assert connected(first) == 0
            state.start()
            await sharing(first, second)
    finally:
        state.end()


async def test_one_that_comes_late_knows_what_was_said_before(tmp_path: Path) -> None:
    with (
        valkey() as state,
        engines(4, speed=2) as pool,
        pool_gateway(tmp_path / "a", pool, state=state.url) as first,
    ):
        await happens(lambda: connected(first) == 1)
        async with client(first) as one:
            before = await conversations([one])
        with pool_gateway(tmp_path / "b", pool, state=state.url) as second:
            await sharing(first, second)
            async with client(second) as other:
                after = await conversations([other], range(TALKS)[::-1])
    assert [set(names) for names in after] == [set(names) for names in before]


async def test_the_picker_process_shares_for_all_workers(tmp_path: Path) -> None:
    with (
        valkey() as state,
        engines(2) as pool,
        two_gateways(tmp_path, pool, state.url, workers=2) as (first, second),
    ):
        await sharing(first, second)
        assert picker_pid(first) != picker_pid(second)
        async with client(first) as one:
            running = [asyncio.create_task(one.chat(f"{n}", **FOR_EVER)) for n in range(4)]
            await happens(lambda: second.metric("gatehouse_state_peer_requests") == 4)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        await happens(lambda: second.metric("gatehouse_state_peer_requests") == 0)
