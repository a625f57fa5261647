"""Gateways hear each other over a real server, which is killed, stopped and comes back."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

from gateway.adapters.redis_client import open_client
from gateway.adapters.redis_stream import MAX_MESSAGE, RedisStream
from gateway.config.state import State
from tests.support.valkey import RealValkey, valkey

PATIENCE = 20.0


class Ear:
    """One that listens, and notes what it is told."""

    def __init__(self, server: RealValkey, **more: Any) -> None:
        values: dict[str, Any] = {"answer_seconds": 0.5, "connect_seconds": 0.5, **more}
        self.state = State(url=server.url, **values)
        self.heard: list[tuple[bytes, float]] = []
        self.changes: list[str | None] = []
        self.stream = RedisStream(
            self.state,
            "test",
            lambda message, age: self.heard.append((message, age)),
            self.changes.append,
        )

    @property
    def messages(self) -> list[bytes]:
        return [message for message, _ in self.heard]


@contextlib.asynccontextmanager
async def listening(*ears: Ear) -> AsyncGenerator[None]:
    tasks = [asyncio.ensure_future(ear.stream.run()) for ear in ears]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def happens(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.01)


def saying(one: Ear, message: bytes) -> int:
    """Say it; how much was dropped by now."""
    one.stream.send(message)
    return one.stream.dropped


async def test_everybody_hears_what_one_says_in_order() -> None:
    with valkey() as server:
        one, other = Ear(server), Ear(server)
        async with listening(one, other):
            await happens(lambda: one.stream.connected and other.stream.connected)
            for number in range(5):
                one.stream.send(b"%d" % number)
            await happens(lambda: len(one.heard) == len(other.heard) == 5)
    assert other.messages == one.messages == [b"0", b"1", b"2", b"3", b"4"]
    assert all(0 <= age < PATIENCE for _, age in other.heard)
    assert one.changes == other.changes == [None]


async def test_others_with_another_prefix_hear_nothing() -> None:
    with valkey() as server:
        one, other = Ear(server), Ear(server, prefix="other:")
        async with listening(one, other):
            await happens(lambda: one.stream.connected and other.stream.connected)
            one.stream.send(b"1")
            other.stream.send(b"2")
            await happens(lambda: bool(one.heard) and bool(other.heard))
    assert (one.messages, other.messages) == ([b"1"], [b"2"])


async def test_who_comes_late_hears_what_was_said_before_and_how_long_ago() -> None:
    with valkey() as server:
        one, late = Ear(server), Ear(server)
        async with listening(one):
            await happens(lambda: one.stream.connected)
            for number in range(200):
                one.stream.send(b"%d" % number)
                await happens(lambda number=number: len(one.heard) == number + 1)
        async with listening(late):
            await happens(lambda: len(late.heard) == 200)
    assert late.messages == one.messages
    ages = [age for _, age in late.heard]
    assert ages == sorted(ages, reverse=True)
    assert ages[0] > ages[-1]


async def test_a_killed_server_is_told_of_once_and_found_again() -> None:
    with valkey() as server:
        one, other = Ear(server), Ear(server)
        async with listening(one, other):
            await happens(lambda: one.stream.connected and other.stream.connected)
            server.kill()
            await happens(lambda: not one.stream.connected)
            await happens(lambda: saying(one, b"meanwhile") > 0)
            server.start()
            await happens(lambda: one.stream.connected and other.stream.connected)
            one.stream.send(b"back")
            await happens(lambda: b"back" in other.messages)
    told = one.changes[one.changes.index(None) :]  # on a busy machine it may not answer at first
    assert len(told) == 3
    assert told[1]
    assert told[2] is None


async def test_a_server_that_hangs_is_gone_and_what_is_said_meanwhile_is_dropped() -> None:
    with valkey() as server:
        one = Ear(server)
        async with listening(one):
            await happens(lambda: one.stream.connected)
            server.freeze()
            for number in range(200):
                one.stream.send(b"%d" % number)
            assert one.stream.dropped >= 100
            await happens(lambda: not one.stream.connected)
            server.thaw()
            await happens(lambda: one.stream.connected)
            one.stream.send(b"back")
            await happens(lambda: b"back" in one.messages)


async def test_a_server_that_is_not_there_yet_is_waited_for() -> None:
    server = RealValkey()
    one = Ear(server)
    try:
        async with listening(one):
            await happens(lambda: bool(one.changes))
            assert one.changes[0] is not None
            assert not one.stream.connected
            server.start()
            await happens(lambda: one.stream.connected)
    finally:
        server.end()
    assert one.changes[-1] is None


async def test_a_stream_of_another_kind_is_a_problem_and_no_end() -> None:
    with valkey() as server:
        one = Ear(server)
        client = open_client(one.state)
        await client.set("gatehouse:test", "not a stream")
        async with listening(one):
            await happens(lambda: "ResponseError" in one.changes)
            await client.delete("gatehouse:test")
            await happens(lambda: one.stream.connected)
            one.stream.send(b"1")
            await happens(lambda: one.messages == [b"1"])
        await client.aclose()


async def test_entries_that_are_none_of_ours_are_skipped() -> None:
    with valkey() as server:
        one = Ear(server)
        client = open_client(one.state)
        async with listening(one):
            await happens(lambda: one.stream.connected)
            await client.xadd("gatehouse:test", {"other": "field"})
            await client.xadd("gatehouse:test", {"m": b"x" * (MAX_MESSAGE + 1)})
            one.stream.send(b"x" * (MAX_MESSAGE + 1))
            one.stream.send(b"1")
            await happens(lambda: bool(one.heard))
        await client.aclose()
    assert one.messages == [b"1"]
    assert one.stream.dropped == 1


async def test_the_stream_is_bounded_and_goes_by_itself() -> None:
    with valkey() as server:
        one = Ear(server)
        client: Any = open_client(one.state)
        async with listening(one):
            await happens(lambda: one.stream.connected)
            for number in range(600):
                one.stream.send(b"x" * 128 * 1024)
                await happens(lambda number=number: len(one.heard) > number)
            length = await client.xlen("gatehouse:test")
            seconds = await client.ttl("gatehouse:test")
        await client.aclose()
    assert length < 500
    assert 0 < seconds <= 600


async def test_an_entry_after_which_none_can_come_is_outlived() -> None:
    with valkey() as server:
        one, other = Ear(server), Ear(server)
        client: Any = open_client(one.state)
        async with listening(one, other):
            await happens(lambda: one.stream.connected and other.stream.connected)
            one.stream.send(b"before")
            await happens(lambda: other.messages == [b"before"])
            last = (1 << 64) - 1
            await client.xadd("gatehouse:test", {"m": b"last"}, id=f"{last}-{last}")
            await happens(lambda: b"last" in other.messages and b"last" in one.messages)
            one.stream.send(b"lost")
            await happens(lambda: "ResponseError" in one.changes)
            await client.pexpire("gatehouse:test", 500)
            await happens(lambda: saying(one, b"after") >= 0 and b"after" in other.messages)
        await client.aclose()
    assert b"lost" not in other.messages
