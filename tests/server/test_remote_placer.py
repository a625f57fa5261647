"""A worker picks by the picker process while that is there, and alone while it is not."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.model.demand import Demand
from gateway.model.placement import Drop, Dropped, Placement, Served
from gateway.pipeline.placer import Entry
from gateway.server.picker_server import PickerServer
from gateway.server.placewire import MAX_FRAME, from_answer
from gateway.server.placing import LocalPlacer
from gateway.server.remote_placer import RemotePlacer
from tests.server.desks import POOL, endpoints, placer

DEMAND = Demand("llama")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.001)


def in_flight(one: LocalPlacer) -> int:
    return sum(state.in_flight.requests for state in one.desks[POOL].pool.states())


class Process:
    """A picker process of which the test sees the inside, and a worker's way to it."""

    def __init__(self, folder: Path, **rules: float) -> None:
        self.inside = placer(**rules)
        self.alone = placer()
        self.path = str(folder / "picker")
        self.changes: list[bool] = []
        self.remote = RemotePlacer(self.path, self.alone, self.changes.append)
        self.server = PickerServer(self.inside, self.path)

    async def start(self) -> None:
        await self.server.start()
        await until(lambda: self.remote.connected)

    async def die(self) -> None:
        await self.server.stop()
        await until(lambda: not self.remote.connected)


@asynccontextmanager
async def process(folder: Path, **rules: float) -> AsyncGenerator[Process]:
    one = Process(folder, **rules)
    running = asyncio.ensure_future(one.remote.run())
    try:
        await one.start()
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await one.server.stop()


async def place(one: RemotePlacer) -> Placement:
    found = await one.place(POOL, DEMAND, 10)
    assert isinstance(found, Placement)
    return found


async def test_the_picker_places_and_learns_of_the_end(tmp_path: Path) -> None:
    async with process(tmp_path) as one:
        found = await place(one.remote)
        assert (found.degraded, in_flight(one.inside), in_flight(one.alone)) == (False, 1, 0)
        one.remote.first_token(found)
        one.remote.finish(found, Served(found.endpoint, 200))
        one.remote.finish(found, Served())
        await until(lambda: in_flight(one.inside) == 0)


async def test_who_waits_at_the_picker_is_told_when_it_is_time(tmp_path: Path) -> None:
    async with process(tmp_path, max_in_flight=1) as one:
        first = await place(one.remote)
        entry = await one.remote.place(POOL, DEMAND, 10)
        assert isinstance(entry, Entry)
        waiting = asyncio.ensure_future(one.remote.wait(entry))
        one.remote.finish(first, Served())
        async with asyncio.timeout(5):
            second = await waiting
        assert isinstance(second, Placement)
        one.remote.finish(second, Served())
        await until(lambda: in_flight(one.inside) == 0)


async def test_an_end_that_comes_before_anybody_waits_is_kept(tmp_path: Path) -> None:
    async with process(tmp_path, max_in_flight=1) as one:
        first = await place(one.remote)
        entry = await one.remote.place(POOL, DEMAND, 10)
        assert isinstance(entry, Entry)
        one.remote.finish(first, Served())
        await until(lambda: in_flight(one.inside) == 1)
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert isinstance(await one.remote.wait(entry), Placement)


async def test_who_leaves_leaves_the_picker_too(tmp_path: Path) -> None:
    async with process(tmp_path, max_in_flight=1) as one:
        first = await place(one.remote)
        entry = await one.remote.place(POOL, DEMAND, 10)
        assert isinstance(entry, Entry)
        one.remote.leave(entry)
        await until(lambda: not one.inside.desks[POOL].seats)
        one.remote.finish(first, Served())
        await until(lambda: in_flight(one.inside) == 0)


async def test_without_a_picker_the_worker_picks_alone_and_says_so(tmp_path: Path) -> None:
    async with process(tmp_path) as one:
        await one.die()
        found = await place(one.remote)
        assert found.degraded
        assert in_flight(one.alone) == 1
        one.remote.finish(found, Served())
        assert in_flight(one.alone) == 0
        assert one.changes == [True, False]


async def test_a_picker_that_comes_back_is_used_again(tmp_path: Path) -> None:
    async with process(tmp_path) as one:
        before = await place(one.remote)
        await one.die()
        await one.start()
        after = await place(one.remote)
        assert not after.degraded
        one.remote.finish(before, Served())  # the new picker never heard of it
        one.remote.finish(after, Served())
        await until(lambda: in_flight(one.inside) == 0)


async def test_who_waits_when_the_picker_goes_is_placed_alone(tmp_path: Path) -> None:
    async with process(tmp_path, max_in_flight=1) as one:
        await place(one.remote)
        entry = await one.remote.place(POOL, DEMAND, 10)
        assert isinstance(entry, Entry)
        waiting = asyncio.ensure_future(one.remote.wait(entry))
        await asyncio.sleep(0)
        await one.die()
        async with asyncio.timeout(5):
            found = await waiting
        assert isinstance(found, Placement)
        assert found.degraded


async def test_a_drop_of_the_picker_is_a_drop(tmp_path: Path) -> None:
    async with process(tmp_path) as one:
        found = await one.remote.place("other", DEMAND, 10)
        assert found == Dropped(Drop.NO_ENDPOINTS)


async def test_who_has_to_give_way_is_told_through_the_picker(tmp_path: Path) -> None:
    async with process(tmp_path, max_in_flight=1, eviction=True) as one:
        shed = await one.remote.place(POOL, Demand("llama", priority=-1), 10)
        assert isinstance(shed, Placement)
        told: list[str] = []
        one.remote.when_evicted(shed, lambda: told.append("give way"))
        entry = await one.remote.place(POOL, Demand("llama", priority=1), 10)
        assert isinstance(entry, Entry)
        await until(lambda: told == ["give way"])
        one.remote.finish(shed, Served())
        async with asyncio.timeout(5):
            assert isinstance(await one.remote.wait(entry), Placement)


async def test_a_stuck_picker_is_waited_for_once_and_used_again_when_it_answers(
    tmp_path: Path,
) -> None:
    async with process(tmp_path) as one:
        stuck = asyncio.Event()
        place = one.inside.place

        async def later(pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
            await stuck.wait()
            return await place(pool, demand, size)

        one.inside.place = later
        assert (await place_now(one)).degraded
        assert not one.remote.connected
        assert (await place_now(one)).degraded
        stuck.set()
        await until(lambda: one.remote.connected)
        await until(lambda: in_flight(one.inside) == 0)  # what came too late was given back
        assert not (await place_now(one)).degraded


async def place_now(one: Process) -> Placement:
    return await place(one.remote)


@pytest.mark.parametrize("answer", [Placement(7, "10.0.0.1:80", POOL), Entry(POOL, 7, 60.0)])
async def test_an_answer_for_somebody_who_leaves_just_then_is_given_back(
    tmp_path: Path, answer: Placement | Entry
) -> None:
    async with process(tmp_path) as one:

        async def never(pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
            del pool, demand, size
            return await asyncio.get_running_loop().create_future()

        one.inside.place = never
        asking = asyncio.ensure_future(one.remote.place(POOL, DEMAND, 10))
        await asyncio.sleep(0)
        one.remote.take(["answer", 1, from_answer(answer)])
        asking.cancel()  # before it has run again
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
        assert one.remote.held == ()
        if isinstance(answer, Entry):
            assert await one.remote.wait(answer) == Dropped(Drop.NO_ENDPOINTS)


async def test_what_is_too_long_for_a_message_is_placed_nowhere(tmp_path: Path) -> None:
    async with process(tmp_path) as one:
        found = await one.remote.place(POOL, Demand("m" * MAX_FRAME), 10)
        assert isinstance(found, Dropped)
        assert not one.remote.asked


async def test_what_another_endpoint_answers_is_charged_there_by_the_picker_too(
    tmp_path: Path,
) -> None:
    def charged(placer: LocalPlacer) -> dict[str, int]:
        states = placer.desks[POOL].pool.states()
        return {state.address: state.in_flight.requests for state in states}

    async with process(tmp_path) as one:
        for each in (one.inside, one.alone):
            each.endpoints(POOL, endpoints(("10.0.0.1:80", "10.0.0.2:80")))
        found = await place(one.remote)
        other = next(address for address in charged(one.inside) if address != found.endpoint)
        one.remote.moved(found, other)
        await until(lambda: charged(one.inside)[other] == 1)
        assert charged(one.inside)[found.endpoint] == 0
        one.remote.finish(found, Served(other, 200))
        await until(lambda: in_flight(one.inside) == 0)
        await one.die()
        alone = await place(one.remote)
        assert alone.degraded
        other = next(address for address in charged(one.alone) if address != alone.endpoint)
        one.remote.moved(alone, other)
        assert charged(one.alone)[other] == 1
