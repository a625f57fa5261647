"""The picker process forgets a worker that is gone, and all that it had."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Self

from gateway.model.demand import Demand
from gateway.model.placement import Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.picker_server import PickerServer
from gateway.server.placewire import frame, from_demand, from_served, receive, to_answer
from gateway.server.placing import LocalPlacer
from tests.server.desks import POOL, placer


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.001)


def in_flight(one: LocalPlacer) -> int:
    return sum(state.in_flight.requests for state in one.desks[POOL].pool.states())


class Worker:
    """What a worker says over its line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def leave(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    def say(self, *message: object) -> None:
        self.writer.write(frame(list(message)))

    async def place(self, number: int) -> Placement | Entry:
        self.say("place", number, POOL, from_demand(Demand("llama")), 10)
        async with asyncio.timeout(5):
            message = await receive(self.reader)
        assert message[:2] == ["answer", number]
        assert isinstance(message[2], list)
        answer = to_answer(message[2])
        assert isinstance(answer, Placement | Entry)
        return answer


class Stage:
    """A picker process of which the test sees the inside, and the workers at it."""

    def __init__(self, folder: Path, **rules: float) -> None:
        self.placer = placer(**rules)
        self._path = str(folder / "picker")
        self._server = PickerServer(self.placer, self._path)
        self._workers: list[Worker] = []

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            await worker.leave()
        await self._server.stop()

    async def worker(self) -> Worker:
        self._workers.append(Worker(*await asyncio.open_unix_connection(self._path)))
        return self._workers[-1]


async def test_what_a_killed_worker_had_is_free_again(tmp_path: Path) -> None:
    async with Stage(tmp_path, max_in_flight=1) as stage:
        first, second = await stage.worker(), await stage.worker()
        assert isinstance(await first.place(1), Placement)
        waiting = await second.place(1)
        assert isinstance(waiting, Entry)
        await first.leave()
        async with asyncio.timeout(5):
            message = await receive(second.reader)
        assert message[:3] == ["end", POOL, waiting.number]
        await second.leave()
        await until(lambda: in_flight(stage.placer) == 0)


async def test_a_place_in_the_queue_ends_with_its_worker(tmp_path: Path) -> None:
    async with Stage(tmp_path, max_in_flight=1) as stage:
        first, second = await stage.worker(), await stage.worker()
        held = await first.place(1)
        assert isinstance(held, Placement)
        assert isinstance(await second.place(1), Entry)
        await second.leave()
        await until(lambda: not stage.placer.desks[POOL].seats)
        first.say("finish", POOL, held.ticket, from_served(Served()))
        await until(lambda: in_flight(stage.placer) == 0)


async def test_nobody_ends_what_another_worker_has(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        first, second = await stage.worker(), await stage.worker()
        held = await first.place(1)
        assert isinstance(held, Placement)
        second.say("finish", POOL, held.ticket, from_served(Served()))
        assert isinstance(await second.place(2), Placement)
        assert in_flight(stage.placer) == 2


async def test_a_line_that_says_nothing_known_is_cut(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        worker = await stage.worker()
        worker.say("drop everything")
        async with asyncio.timeout(5):
            assert await worker.reader.read() == b""
