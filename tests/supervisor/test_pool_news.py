import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.model.engine import EngineLoad
from gateway.model.jsonvalue import JsonObject
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import read_endpoints, read_loads
from gateway.supervisor.pool_news import PoolNews
from tests.supervisor.test_health import eventually

ONE, TWO = ("gpu", "10.0.0.1:80"), ("gpu", "10.0.0.2:80")


class Workers:
    """Notes what it is told, in its own time."""

    def __init__(self) -> None:
        self.standing: list[JsonObject] = []
        self.told: list[JsonObject] = []
        self.free = asyncio.Event()
        self.free.set()

    async def stand(self, kind: str, message: JsonObject) -> None:
        assert message["type"] == kind
        self.standing.append(message)

    async def tell(self, message: JsonObject) -> None:
        self.told.append(message)
        await self.free.wait()

    def loads(self) -> list[list[tuple[str, str, int | None]]]:
        """Of each message: pool, address, and how many requests run."""
        return [
            [(pool, at, load and load.running) for pool, at, load in read_loads(one, 0)]
            for one in self.told
        ]


@pytest.fixture
async def workers() -> Workers:
    return Workers()


@pytest.fixture
async def news(workers: Workers) -> AsyncIterator[PoolNews]:
    news = PoolNews(workers.stand, workers.tell, batch=0.01)
    running = asyncio.ensure_future(news.run())
    yield news
    running.cancel()


def load(running: int) -> EngineLoad:
    return EngineLoad(at=asyncio.get_running_loop().time(), running=running)


async def test_who_is_there_is_told_when_it_changes(workers: Workers, news: PoolNews) -> None:
    pools = {"gpu": (Endpoint("10.0.0.1:80"),)}
    await news.announce(pools)
    await news.announce(dict(pools))
    await news.announce({"gpu": (Endpoint("10.0.0.1:80", healthy=False),)})
    assert [read_endpoints(one)["gpu"][0].healthy for one in workers.standing] == [True, False]


async def test_what_servers_say_goes_out_in_one_batch(workers: Workers, news: PoolNews) -> None:
    news.note(ONE, load(1))
    news.note(TWO, None)
    news.note(ONE, load(2))
    await eventually(lambda: bool(workers.told))
    assert workers.loads() == [[(*ONE, 2), (*TWO, None)]]


async def test_a_worker_that_takes_its_time_gets_the_newest_alone(
    workers: Workers, news: PoolNews
) -> None:
    workers.free.clear()
    news.note(ONE, load(1))
    await eventually(lambda: len(workers.told) == 1)
    for running in range(2, 9):
        news.note(ONE, load(running))
    workers.free.set()
    await eventually(lambda: len(workers.told) == 2)
    assert workers.loads()[1] == [(*ONE, 8)]


async def test_whoever_comes_later_is_told_everything_again(
    workers: Workers, news: PoolNews
) -> None:
    news.note(ONE, load(1))
    await eventually(lambda: len(workers.told) == 1)
    news.repeat()
    await eventually(lambda: len(workers.told) == 2)
    assert workers.loads()[1] == [(*ONE, 1)]


async def test_a_server_that_left_is_remembered_by_nothing(news: PoolNews) -> None:
    news.note(ONE, load(1))
    news.note(TWO, load(1))
    await news.announce({"gpu": (Endpoint(TWO[1]),)})
    assert list(news.loads) == [TWO]
    news.note(TWO, None)
    assert news.loads == {}
