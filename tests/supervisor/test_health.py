import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable

import pytest

from gateway.supervisor.health import EndpointHealth, accepts_connections

PATIENCE = 20.0
INTERVAL = 0.005


class Listener:
    """A TCP server on a port of its own that can be closed and opened again."""

    def __init__(self) -> None:
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None


@pytest.fixture
async def listener() -> AsyncGenerator[Listener]:
    listener = Listener()
    await listener.open()
    yield listener
    await listener.close()


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.001)


async def test_an_endpoint_that_closes_and_opens_is_told_twice(listener: Listener) -> None:
    told: list[bool] = []
    key = ("tracker", listener.address)

    async def changed() -> None:
        told.append(health.state()[key])

    health = EndpointHealth(changed)
    health.watch({key: INTERVAL})
    assert health.state() == {key: True}
    await eventually(lambda: listener.accepted > 1)
    assert told == []
    await listener.close()
    await eventually(lambda: told == [False])
    await listener.open()
    await eventually(lambda: told == [False, True])
    await health.close()


async def test_one_failure_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False, True, False])
    asked: list[str] = []

    async def accepts(address: str) -> bool:
        asked.append(address)
        return next(answers, True)

    told: list[bool] = []

    async def changed() -> None:
        told.append(True)

    monkeypatch.setattr("gateway.supervisor.health.accepts_connections", accepts)
    health = EndpointHealth(changed)
    health.watch({("a", "x"): 0})
    await eventually(lambda: len(asked) > 6)
    assert told == []
    await health.close()


async def test_a_listener_that_fails_does_not_end_the_checks(listener: Listener) -> None:
    told: list[bool] = []
    key = ("tracker", listener.address)

    async def fails() -> None:
        told.append(health.state()[key])
        raise RuntimeError("listener")

    health = EndpointHealth(fails)
    health.watch({key: INTERVAL})
    await listener.close()
    await eventually(lambda: told == [False])
    await listener.open()
    await eventually(lambda: told == [False, True])
    await health.close()


async def test_changes_are_told_one_at_a_time() -> None:
    inside = 0
    most = 0
    told: list[int] = []

    async def changed() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        told.append(1)

    health = EndpointHealth(changed)
    with socket.socket() as bound:  # bound and not listening: nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        health.watch({(name, address): INTERVAL for name in "abc"})
        await eventually(lambda: len(told) == 3)
    assert most == 1
    await health.close()


async def test_what_is_no_longer_watched_is_forgotten(listener: Listener) -> None:
    async def changed() -> None:
        pass

    health = EndpointHealth(changed)
    gone, kept = ("gone", "127.0.0.1:1"), ("kept", listener.address)
    health.watch({gone: INTERVAL, kept: INTERVAL})
    await eventually(lambda: not health.state()[gone])
    health.watch({kept: INTERVAL})
    assert health.state() == {kept: True}
    health.watch({gone: INTERVAL, kept: INTERVAL})
    assert health.state()[gone]  # healthy until it failed again
    await health.close()


async def test_settle_waits_until_an_endpoint_is_up(listener: Listener) -> None:
    async def changed() -> None:
        pass

    await listener.close()
    key = ("tracker", listener.address)
    health = EndpointHealth(changed)
    health.watch({key: INTERVAL})
    settling = asyncio.ensure_future(health.settle([key]))
    await eventually(lambda: not health.state()[key])
    assert not settling.done()
    await listener.open()
    async with asyncio.timeout(PATIENCE):
        await settling
    await health.close()


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "[::1:1"])
async def test_what_is_no_address_accepts_nothing(address: str) -> None:
    assert not await accepts_connections(address)


async def test_an_ipv6_endpoint_is_reached() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "::1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await accepts_connections(f"[::1]:{port}")
    server.close()
    await server.wait_closed()
