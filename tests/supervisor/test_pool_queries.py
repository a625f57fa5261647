"""Who is asked what is known of pools and picks, and what becomes of no answer."""

import os
import signal

import pytest

from gateway.config.pool import Pool, Scrape
from gateway.model.jsonvalue import JsonValue
from gateway.supervisor.pool_queries import NOTHING, PoolQueries
from gateway.supervisor.workers import Worker, WorkerPool
from tests.supervisor.test_workers import (
    ADDRESSES,
    COMMAND,
    QUICK,
    MakePool,
    make_pool,  # pyright: ignore[reportUnusedImport]  # noqa: F401  a fixture
    snapshot,
)

ID = "0123456789abcdef0123456789abcdef"


async def started(pool: WorkerPool) -> PoolQueries:
    await pool.start(snapshot(1))
    return PoolQueries(pool, list)


async def test_of_pools_the_only_worker_is_asked(make_pool: MakePool) -> None:  # noqa: F811
    queries = await started(make_pool())
    assert (await queries.view())["listen"] == ADDRESSES[0]


async def test_of_pools_the_picker_is_asked_if_there_is_one(
    make_pool: MakePool,  # noqa: F811
) -> None:
    pool = make_pool()
    pool.picker = Worker(0, "unix:/run/picker", COMMAND, {}, QUICK)
    queries = await started(pool)
    try:
        assert (await queries.view())["listen"] == "unix:/run/picker"
    finally:
        await pool.stop(0)


async def test_pools_are_told_with_their_engines_and_whether_these_are_asked(
    make_pool: MakePool,  # noqa: F811
) -> None:
    pools = [
        Pool(name="a", endpoints=("10.0.0.1:80",)),
        Pool(name="b", endpoints=("10.0.0.1:80",), engine="openai"),
        Pool(name="c", endpoints=("10.0.0.1:80",), engine="sglang", scrape=Scrape(enabled=False)),
    ]
    pool = make_pool()
    rows: list[JsonValue] = [{"name": name} for name in "abcd"]
    await pool.start(snapshot(1, says={"pools": rows}))
    view = await PoolQueries(pool, lambda: pools).view()
    assert view["pools"] == [
        {"name": "a", "engine": "vllm", "scraped": True},
        {"name": "b", "engine": "openai", "scraped": False},
        {"name": "c", "engine": "sglang", "scraped": False},
        {"name": "d"},
    ]


async def test_of_a_pick_every_worker_is_asked(make_pool: MakePool) -> None:  # noqa: F811
    pool = make_pool()
    queries = await started(pool)
    assert await queries.pick(ID) == {"snapshot": 1, "listen": ADDRESSES[0]}
    await pool.workers[0].stop(0)
    found = await queries.pick(ID)
    assert found is not None
    assert found["listen"] in ADDRESSES


@pytest.mark.parametrize("text", ["", ID[1:], f"{ID}0", ID.upper(), f"{ID}\n"])
async def test_what_is_no_audit_id_is_asked_of_nobody(
    make_pool: MakePool,  # noqa: F811
    text: str,
) -> None:
    assert await (await started(make_pool())).pick(text) is None


async def test_who_is_not_there_or_does_not_answer_knows_nothing(
    make_pool: MakePool,  # noqa: F811
) -> None:
    pool = make_pool()
    assert await PoolQueries(pool, list).view() == NOTHING
    assert await PoolQueries(pool, list).pick(ID) is None
    queries = await started(pool)
    process = pool.workers[0].pid
    assert process is not None
    os.kill(process, signal.SIGSTOP)
    try:
        assert await queries.view() == NOTHING
    finally:
        os.kill(process, signal.SIGCONT)


async def test_of_a_trace_every_worker_is_asked_and_one_that_is_gone_has_none(
    make_pool: MakePool,  # noqa: F811
) -> None:
    pool = make_pool()
    await pool.start(snapshot(1, says={"records": [{"pool": "a"}]}))
    queries = PoolQueries(pool, list)
    count = len(pool.workers)
    assert await queries.trace() == {"version": 1, "records": [{"pool": "a"}] * count}
    await pool.workers[0].stop(0)
    assert await queries.trace() == {"version": 1, "records": [{"pool": "a"}] * (count - 1)}


async def test_a_worker_that_tells_of_no_records_has_none(make_pool: MakePool) -> None:  # noqa: F811
    assert await (await started(make_pool())).trace() == {"version": 1, "records": []}
