"""The picker process does what the supervisor says, and ends with its line."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.channel import Channel
from gateway.bootstrap.load import load
from gateway.bootstrap.snapshot import build_snapshot, snapshot_message
from gateway.config.state import State
from gateway.model.demand import Demand
from gateway.model.jsonvalue import JsonObject
from gateway.model.placement import Placement
from gateway.picker.endpoint import Endpoint
from gateway.picker.pool_messages import endpoints_message
from gateway.pipeline.tool_messages import tools_message
from gateway.server.picker_process import PickerProcess
from gateway.server.remote_placer import RemotePlacer
from gateway.server.sharing import OpenStream
from tests.bootstrap.configured import write
from tests.server.desks import POOL, placer
from tests.support.gatehouse import allow

ADDRESS = "127.0.0.1:1"
POOLS = [{"name": POOL, "endpoints": [ADDRESS]}]
ROUTES = [{"name": "chat", "path": "/v1", "protocol": "openai", "backend": POOL}]


def configured(folder: Path) -> JsonObject:
    file = write(folder, allow("use", POOL, models=["*"]), backends=[], pools=POOLS, routes=ROUTES)
    message: JsonObject = json.loads(json.dumps(snapshot_message(load(file, {}), 3, {})))
    return message


@dataclass
class Line:
    """The supervisor's end."""

    channel: Channel
    running: "asyncio.Task[None]"

    async def ask(self, message: JsonObject) -> JsonObject:
        async with asyncio.timeout(10):
            await self.channel.send(message)
            return await self.channel.receive()


@asynccontextmanager
async def process(path: Path, stream: OpenStream | None = None) -> AsyncGenerator[Line]:
    ours, theirs = socket.socketpair()
    channel = await Channel.over(theirs)
    one = PickerProcess(channel, str(path), build_snapshot)
    if stream is not None:
        one.share_over(stream)
    running = asyncio.ensure_future(one.run())
    line = Line(await Channel.over(ours), running)
    try:
        yield line
    finally:
        line.channel.close()
        async with asyncio.timeout(10):
            await running


async def test_it_picks_for_workers_by_what_it_was_told(tmp_path: Path) -> None:
    async with process(tmp_path / "picker") as line:
        assert "pid" in await line.ask(configured(tmp_path))
        assert await line.ask(endpoints_message({POOL: [Endpoint(ADDRESS)]})) == {}
        assert (await line.ask({"type": "poll"}))["snapshot"] == 3
        worker = RemotePlacer(str(tmp_path / "picker"), placer(()))
        asking = asyncio.ensure_future(worker.run())
        async with asyncio.timeout(10):
            while not worker.connected:  # noqa: ASYNC110  nothing tells
                await asyncio.sleep(0.001)
        found = await worker.place(POOL, Demand("llama"), 10)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert isinstance(found, Placement)
    assert (found.endpoint, found.degraded) == (ADDRESS, False)


async def test_what_it_cannot_do_is_a_problem_and_it_goes_on(tmp_path: Path) -> None:
    async with process(tmp_path / "picker") as line:
        assert "problem" in await line.ask({"type": "snapshot", "gateway": {}, "pickers": {}})
        assert "problem" in await line.ask({"type": "no such thing"})
        assert "problem" in await line.ask({"type": "pools", "endpoints": [1]})
        assert "pid" in await line.ask(configured(tmp_path))


async def test_a_socket_that_a_killed_one_left_is_in_nobodys_way(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "picker"))
    left.close()
    async with process(tmp_path / "picker") as line:
        assert "pid" in await line.ask(configured(tmp_path))


async def test_it_shares_what_it_places_where_that_is_configured(tmp_path: Path) -> None:
    opened: list[tuple[State, str]] = []

    class Silent:
        connected = False

        def send(self, message: bytes) -> None:
            raise AssertionError(message)

        async def run(self) -> None:
            await asyncio.Event().wait()

    def open_stream(state: State, name: str, *_: object) -> Silent:
        opened.append((state, name))
        return Silent()

    message = configured(tmp_path)
    async with process(tmp_path / "picker", open_stream) as line:
        assert "pid" in await line.ask(message)
        assert "state" not in await line.ask({"type": "poll"})
        gateway = message["gateway"]
        assert isinstance(gateway, dict)
        gateway["state"] = "redis://127.0.0.1:1"
        assert "pid" in await line.ask(message)
        for question in ("poll", "pool-view"):
            told = (await line.ask({"type": question}))["state"]
            assert told == {
                "connected": False,
                "problem": "not connected yet",
                "peers": 0,
                "peer_requests": 0,
            }
    assert opened == [(State(url="redis://127.0.0.1:1"), "picks")]


async def test_what_tools_servers_offer_is_nothing_to_it_and_no_problem(tmp_path: Path) -> None:
    async with process(tmp_path / "picker") as line:
        assert await line.ask(tools_message("tracker", ())) == {}
        assert "pid" in await line.ask(configured(tmp_path))
