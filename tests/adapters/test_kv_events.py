"""Subscriptions over real ZMQ sockets: gaps, a publisher that is started anew, a slow replay."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, cast

import pytest
import zmq
import zmq.asyncio

from gateway.adapters import kv_events
from gateway.adapters.kv_events import KvEventSubscription
from gateway.picker.kv.feed import Anew, Feed, Step
from gateway.picker.kv.source import Source
from tests.support.ports import free_ports

BIND_SECONDS = 10.0
END = (-1).to_bytes(8, "big", signed=True)
WHOLE, OTHER = Anew(whole=True), Anew(restarted=True)


class Socket(Protocol):
    """What is used of a ZMQ socket, whose own types are incomplete."""

    def bind(self, addr: str) -> object: ...
    def close(self, linger: int) -> None: ...
    def send_multipart(self, parts: Sequence[bytes]) -> Awaitable[object]: ...
    def recv_multipart(self) -> Awaitable[list[bytes]]: ...


def number(value: int) -> bytes:
    return value.to_bytes(8, "big")


class Publisher:
    """Publishes numbered messages, and answers for what it is asked for again once `open` is set.
    `asked` are the numbers that it was asked from."""

    def __init__(self, ports: tuple[int, int]) -> None:
        self.kept: list[bytes] = []
        self.asked: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self._publisher, self._replayer = _bound(zmq.PUB, ports[0]), _bound(zmq.ROUTER, ports[1])
        self._answering = asyncio.ensure_future(self._answer())

    async def publish(self, *, lost: bool = False, topic: bytes = b"kv@a@m") -> None:
        """The next message; `lost`: it reaches nobody."""
        parts = [topic, number(len(self.kept)), b"%d" % len(self.kept)]
        self.kept.append(parts[2])
        if not lost:
            await self.send(parts)

    async def send(self, parts: Sequence[bytes]) -> None:
        await self._publisher.send_multipart(parts)

    async def _answer(self) -> None:
        while True:
            client, empty, first = await self._replayer.recv_multipart()
            wanted = int.from_bytes(first, "big")
            self.asked.append(wanted)
            await self.open.wait()
            for index in range(wanted, len(self.kept)):
                await self._replayer.send_multipart(
                    [client, empty, number(index), self.kept[index]]
                )
            await self._replayer.send_multipart([client, empty, END, b""])

    async def close(self) -> None:
        self._answering.cancel()
        with suppress(asyncio.CancelledError):
            await self._answering
        self._publisher.close(0)
        self._replayer.close(0)


def _bound(kind: int, port: int) -> Socket:
    """A socket closes in a thread of the library: the port of one before may not be free yet."""
    socket = cast("Socket", zmq.asyncio.Context.instance().socket(kind))
    deadline = time.monotonic() + BIND_SECONDS
    while True:
        try:
            socket.bind(f"tcp://127.0.0.1:{port}")
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                socket.close(0)
                raise
            time.sleep(0.01)
        else:
            return socket


class Ear:
    """What was heard, and how many messages were none."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.malformed = 0
        self.feed: Feed | None = None

    def hear(self, feed: Feed, steps: Sequence[Step]) -> None:
        self.feed = feed
        self.steps += steps

    def fault(self) -> None:
        self.malformed += 1

    @property
    def said(self) -> list[Step]:
        """Messages alone."""
        return [step for step in self.steps if isinstance(step, bytes)]


def messages(first: int, last: int) -> list[Step]:
    return [b"%d" % index for index in range(first, last)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  what changes is in the subject, not here
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(ports: tuple[int, int], *, replays: bool = True) -> AsyncGenerator[Ear]:
    ear = Ear()
    replay = f"tcp://127.0.0.1:{ports[1]}" if replays else None
    source = Source(f"tcp://127.0.0.1:{ports[0]}", replay, b"kv@")
    subscription = KvEventSubscription(source, ear.hear, ear.fault)
    try:
        yield ear
    finally:
        subscription.close()


def two_ports() -> tuple[int, int]:
    first, second = free_ports(2)
    return first, second


async def until_heard(publisher: Publisher, ear: Ear) -> None:
    """Publishes until the subscription, which takes a moment, is there, and all has come."""
    while not ear.steps:
        await publisher.publish()
        await asyncio.sleep(0.02)
    await until(lambda: len(ear.said) == len(publisher.kept))


async def test_who_subscribes_late_has_all_of_it_again() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    for _ in range(5):
        await publisher.publish()
    async with listening(ports) as ear:
        await until_heard(publisher, ear)
        assert ear.steps == [WHOLE, *messages(0, len(publisher.kept))]
    await publisher.close()


async def test_a_gap_is_filled_and_messages_stay_in_order_while_the_replay_is_slow() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    async with listening(ports) as ear:
        await until_heard(publisher, ear)
        known = len(publisher.kept)
        publisher.open.clear()
        for lost in (True, True, False):
            await publisher.publish(lost=lost)
        await until(lambda: publisher.asked[-1:] == [known])
        for _ in range(20):
            await publisher.publish()
        assert len(ear.said) == known
        publisher.open.set()
        await until(lambda: len(ear.said) == len(publisher.kept))
        assert ear.steps == [WHOLE, *messages(0, known + 23)]
        assert ear.feed is not None
        assert ear.feed.gaps == 1
    await publisher.close()


async def test_without_a_replay_what_was_missed_is_known_to_be_lost() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    async with listening(ports, replays=False) as ear:
        while not ear.steps:
            await publisher.publish()
            await asyncio.sleep(0.02)
        await publisher.publish(lost=True)
        await publisher.publish()
        await until(lambda: ear.said[-1:] == [publisher.kept[-1]])
        assert ear.steps[-2:] == [Anew(), publisher.kept[-1]]
    assert publisher.asked == []
    await publisher.close()


async def test_a_publisher_that_was_started_anew_is_another() -> None:
    ports = two_ports()
    first = Publisher(ports)
    async with listening(ports) as ear:
        await until_heard(first, ear)
        for _ in range(50):
            await first.publish()
        await until(lambda: len(ear.said) == len(first.kept))
        await first.close()
        ear.steps.clear()
        second = Publisher(ports)
        await until_heard(second, ear)
        assert len(second.kept) < len(first.kept), "else it may as well be the same"
        assert ear.steps == [OTHER, WHOLE, *messages(0, len(second.kept))]
        await second.close()


async def test_what_is_no_message_is_counted_and_the_rest_is_heard() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    async with listening(ports) as ear:
        await until_heard(publisher, ear)
        await publisher.send([b"kv@a@m"])
        await publisher.send([b"kv@a@m", b"short", b"x"])
        await publisher.send([b"kv@a@m", number(1), b"x", b"more"])
        await publisher.publish()
        await until(lambda: len(ear.said) == len(publisher.kept))
        assert ear.malformed == 3
    await publisher.close()


async def test_other_topics_are_not_heard() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    async with listening(ports) as ear:
        await until_heard(publisher, ear)
        await publisher.send([b"weather", number(999), b"rain"])
        await publisher.publish()
        await until(lambda: len(ear.said) == len(publisher.kept))
        assert b"rain" not in ear.said
    await publisher.close()


async def test_a_publisher_that_comes_later_is_found() -> None:
    ports = two_ports()
    async with listening(ports) as ear:
        publisher = Publisher(ports)
        await until_heard(publisher, ear)
        await publisher.close()
    assert ear.said


async def test_after_its_end_nothing_is_heard() -> None:
    ports = two_ports()
    publisher = Publisher(ports)
    async with listening(ports) as ear:
        await until_heard(publisher, ear)
    heard = len(ear.steps)
    async with listening(ports) as other:
        await until_heard(publisher, other)
    assert len(ear.steps) == heard
    await publisher.close()


async def test_after_a_fault_of_ours_it_is_listened_again_and_all_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kv_events, "_AFTER_FAULT", 0.05)
    ports = two_ports()
    publisher = Publisher(ports)
    heard: list[Step] = []

    def hear(_: Feed, steps: Sequence[Step]) -> None:
        if not heard:
            heard.append(Anew())
            raise ValueError("text of a model server")
        heard.extend(steps)

    source = Source(f"tcp://127.0.0.1:{ports[0]}", f"tcp://127.0.0.1:{ports[1]}", b"kv@")
    subscription = KvEventSubscription(source, hear, lambda: None)
    while len(heard) < 2:
        await publisher.publish()
        await asyncio.sleep(0.02)
    subscription.close()
    await publisher.close()
    assert publisher.kept[0] in heard
    assert "failed: ValueError" in caplog.text
    assert "text of" not in caplog.text


MANY = """
import asyncio, sys
from gateway.adapters.kv_events import KvEventSubscription
from gateway.picker.kv.source import Source

async def main() -> None:
    source = Source("tcp://127.0.0.1:1", None, b"")
    for _ in range(400):
        KvEventSubscription(source, lambda *_: None, lambda: None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sys.stdout.write("all")

asyncio.run(main())
"""


def test_more_model_servers_are_heard_than_zmq_has_sockets_for_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("all", "")
