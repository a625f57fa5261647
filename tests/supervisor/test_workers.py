import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.adapters.channel import Channel
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.supervisor import workers
from gateway.supervisor.workers import Timing, WorkerFailedError, WorkerPool

COMMAND = (sys.executable, "-S", str(Path(__file__).with_name("scripted_worker.py")))
QUICK = Timing(answer=10, margin=0.05, first_backoff=0.01, last_backoff=0.05, stable=60)
IMPATIENT = Timing(answer=1, margin=0.05, first_backoff=0.01, last_backoff=0.05, stable=60)
PATIENCE = 20.0
ADDRESSES = ("unix:/run/0.sock", "unix:/run/1.sock")

MakePool = Callable[..., WorkerPool]


@pytest.fixture
async def make_pool() -> AsyncGenerator[MakePool]:
    """Makes pools of two workers; afterwards no process of theirs is left."""
    pools: list[WorkerPool] = []
    seen: set[int] = set()

    async def note() -> None:
        seen.update(pids(pools[-1]))

    def make(
        timing: Timing = QUICK,
        command: tuple[str, ...] = COMMAND,
        on_change: Callable[[], Awaitable[None]] | None = None,
    ) -> WorkerPool:
        pool = WorkerPool(ADDRESSES, {}, command, on_change or note, timing)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        seen.update(pids(pool))
        await pool.stop(0)
        assert pids(pool) == []
    assert [pid for pid in seen if is_there(pid)] == []


def pids(pool: WorkerPool) -> list[int]:
    return [worker.pid for worker in pool.workers if worker.pid is not None]


def is_there(pid: int) -> bool:
    """Also true of a zombie."""
    return Path(f"/proc/{pid}").exists()


def snapshot(number: int, **how: JsonValue) -> JsonObject:
    return {"type": "snapshot", "number": number, **how}


async def served(pool: WorkerPool) -> list[object]:
    return [answer["snapshot"] for answer in await pool.poll()]


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.005)


async def all_serve(pool: WorkerPool, number: int) -> None:
    async def true() -> bool:
        return await served(pool) == [number, number]

    await eventually(true)


async def test_workers_start_with_a_snapshot_and_their_address(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    assert await pool.poll() == [{"snapshot": 1, "listen": address} for address in ADDRESSES]
    assert len(set(pids(pool))) == 2


async def test_a_published_snapshot_reaches_every_worker(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    before = pids(pool)
    await pool.publish(snapshot(2))
    assert await served(pool) == [2, 2]
    assert pids(pool) == before


async def test_a_killed_worker_comes_back_with_the_last_snapshot(make_pool: MakePool) -> None:
    changes: list[int] = []

    async def changed() -> None:
        changes.append(1)

    pool = make_pool(on_change=changed)
    await pool.start(snapshot(1))
    await pool.publish(snapshot(2))
    victim, other = pids(pool)
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: restarted(pool, 1))
    await all_serve(pool, 2)
    assert pids(pool)[1] == other
    assert pids(pool)[0] != victim
    assert not is_there(victim)
    assert changes


async def test_of_a_worker_that_died_its_process_is_told_and_of_one_that_is_stopped_not(
    make_pool: MakePool,
) -> None:
    ended: list[int] = []
    pool = make_pool()
    pool.when_ended(ended.append)
    await pool.start(snapshot(1))
    victim, _ = pids(pool)
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: restarted(pool, 1))
    await pool.stop(0)
    assert ended == [victim]


async def test_a_worker_that_ended_is_at_no_moment_said_to_serve(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    worker, torn = pool.workers[0], set[bool]()
    os.kill(pids(pool)[0], signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while worker.restarts == 0 or not worker.serving:  # every turn of the loop is looked at
            torn.add(worker.serving and worker.pid is None)
            await asyncio.sleep(0)
    assert torn == {False}


async def restarted(pool: WorkerPool, times: int) -> bool:
    return pool.workers[0].restarts >= times and pool.workers[0].running


async def test_a_listener_that_fails_does_not_keep_workers_from_coming_back(
    make_pool: MakePool,
) -> None:
    async def fails() -> None:
        raise RuntimeError("listener")

    pool = make_pool(on_change=fails)
    await pool.start(snapshot(1))
    for times in (1, 2):
        os.kill(pids(pool)[0], signal.SIGKILL)
        await eventually(lambda times=times: restarted(pool, times))
        await all_serve(pool, 1)


@pytest.mark.parametrize("how", ["publish", "poll"])
async def test_a_stopped_worker_is_replaced_when_it_does_not_answer(
    make_pool: MakePool, how: str
) -> None:
    pool = make_pool(IMPATIENT)
    await pool.start(snapshot(1))
    victim = pids(pool)[0]
    os.kill(victim, signal.SIGSTOP)
    number = 1
    if how == "publish":
        number = 2
        await pool.publish(snapshot(2))
    else:
        assert await served(pool) == [1]
    await all_serve(pool, number)
    assert pids(pool)[0] != victim
    assert not is_there(victim)


async def test_a_refused_snapshot_is_undone_everywhere(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    with pytest.raises(WorkerFailedError, match="worker 1: no such key"):
        await pool.publish(snapshot(2, refuse=[1]))
    assert await served(pool) == [1, 1]
    os.kill(pids(pool)[0], signal.SIGKILL)
    await eventually(lambda: restarted(pool, 1))
    await all_serve(pool, 1)


async def test_what_is_published_while_a_worker_starts_is_what_it_serves(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    over, starting, published = Channel.over, asyncio.Event(), asyncio.Event()

    async def slowly(end: socket.socket) -> Channel:
        starting.set()
        await published.wait()
        return await over(end)

    monkeypatch.setattr(Channel, "over", slowly)
    os.kill(pids(pool)[0], signal.SIGKILL)
    await starting.wait()
    await pool.publish(snapshot(2))
    published.set()
    await all_serve(pool, 2)


async def test_a_snapshot_that_is_refused_at_the_start_leaves_no_process(
    make_pool: MakePool,
) -> None:
    pool = make_pool()
    with pytest.raises(WorkerFailedError, match="worker 0: no such key"):
        await pool.start(snapshot(1, refuse=[0]))
    assert pids(pool) == []


async def test_a_worker_that_says_nothing_at_the_start_leaves_no_process(
    make_pool: MakePool,
) -> None:
    pool = make_pool(IMPATIENT)
    with pytest.raises(WorkerFailedError, match="worker 1 does not answer"):
        await pool.start(snapshot(1, mute=[1]))
    assert pids(pool) == []


async def test_a_worker_that_ends_before_it_answers_is_a_failed_start(make_pool: MakePool) -> None:
    pool = make_pool(command=(sys.executable, "-c", "pass"))
    with pytest.raises(WorkerFailedError, match="does not answer"):
        await pool.start(snapshot(1))


async def test_a_command_that_does_not_exist_is_a_failed_start(make_pool: MakePool) -> None:
    pool = make_pool(command=("/nonexistent/worker",))
    with pytest.raises(WorkerFailedError, match="cannot be started"):
        await pool.start(snapshot(1))


async def test_a_cancelled_question_does_not_shift_the_answers(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    for turns in range(20):
        question = asyncio.ensure_future(pool.publish(snapshot(turns)))
        for _ in range(turns):  # cancelled at every step of the way
            await asyncio.sleep(0)
        question.cancel()
        await asyncio.gather(question, return_exceptions=True)
    await pool.publish(snapshot(99))
    assert await served(pool) == [99, 99]
    assert [worker.restarts for worker in pool.workers] == [0, 0]


async def test_a_message_that_is_told_needs_no_consent(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    await pool.tell(snapshot(2, refuse=[0]))
    assert await served(pool) == [1, 2]


async def test_stop_ends_what_drains(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    ended = pids(pool)
    await pool.stop(PATIENCE)
    assert [pid for pid in ended if is_there(pid)] == []
    assert not any(worker.running for worker in pool.workers)


@pytest.mark.parametrize("how", ["deaf", "stopped"])
async def test_stop_kills_what_hangs(make_pool: MakePool, how: str) -> None:
    pool = make_pool()
    await pool.start(snapshot(1, deaf=how == "deaf"))
    ended = pids(pool)
    if how == "stopped":
        os.kill(ended[0], signal.SIGSTOP)
    await pool.stop(0)
    assert [pid for pid in ended if is_there(pid)] == []


async def test_stop_in_the_middle_of_a_restart_leaves_no_process(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    await pool.start(snapshot(1))
    starting = asyncio.Event()

    async def never(end: socket.socket) -> Channel:
        starting.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            end.close()

    monkeypatch.setattr(Channel, "over", never)
    os.kill(pids(pool)[0], signal.SIGKILL)
    await starting.wait()
    ended = pids(pool)
    assert len(ended) == 2
    await pool.stop(0)
    assert [pid for pid in ended if is_there(pid)] == []


async def test_what_stands_is_told_to_whoever_comes_later_before_it_serves(
    make_pool: MakePool,
) -> None:
    pool = make_pool()
    await pool.stand("pools", {"type": "pools", "number": 7})
    await pool.start(snapshot(1))
    assert [answer["knew"] for answer in await pool.poll()] == [[7], [7]]
    await pool.stand("pools", {"type": "pools", "number": 8})
    os.kill(pids(pool)[0], signal.SIGKILL)
    await all_serve(pool, 1)
    await eventually_restarted(pool)
    assert sorted(str(answer["knew"]) for answer in await pool.poll()) == ["[7]", "[8]"]


async def eventually_restarted(pool: WorkerPool) -> None:
    async def true() -> bool:
        return pool.workers[0].restarts == 1 and pool.workers[0].serving

    await eventually(true)


async def test_no_worker_is_started_before_the_picker_serves(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PICKER_COMMAND", COMMAND)
    pool = make_pool()
    pool.pick_at("unix:/run/picker")
    with pytest.raises(WorkerFailedError, match="the picker"):
        await pool.start(snapshot(1, refuse=[0]))
    assert [worker.pid for worker in pool.workers] == [None, None]
    await pool.start(snapshot(2))
    assert [answer["snapshot"] for answer in await pool.poll()] == [2, 2, 2]
