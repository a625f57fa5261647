"""vLLM's KV events: what blocks came into the cache and left it, over ZMQ, with replay.

A message is [topic, sequence number, batch]: 8 bytes big endian, and MessagePack of [time, events,
data parallel rank]. The replay socket takes [b"", first number] and answers one message for each
batch that it still has, then one with number -1.
"""

import time
from collections import deque
from collections.abc import Awaitable, Iterable
from typing import Final, Protocol, cast

import zmq
import zmq.asyncio

from tests.engine.cache import Change
from tests.engine.msgpack import Value, encoded
from tests.engine.settings import Settings


class Socket(Protocol):
    """What is used of a ZMQ socket, whose own types are incomplete."""

    def bind(self, addr: str) -> object: ...
    def close(self, linger: int) -> None: ...
    def send_multipart(self, parts: tuple[bytes, ...]) -> Awaitable[object]: ...
    def recv_multipart(self) -> Awaitable[list[bytes]]: ...


KEPT: Final = 10_000
"""Batches that can be replayed, as in vLLM."""
END: Final = (-1).to_bytes(8, "big", signed=True)


class KvEvents:
    """Publishes on the ports of the settings; does nothing where they are 0."""

    def __init__(self, settings: Settings) -> None:
        """Binds the sockets on loopback."""
        self._size = settings.block_size
        self._topic = f"kv@{settings.name}@{settings.models[0]}".encode()
        self._number = 0
        self._kept: deque[tuple[bytes, bytes]] = deque(maxlen=KEPT)
        self._publisher = _bound(zmq.PUB, settings.kv_events)
        self._replayer = _bound(zmq.ROUTER, settings.kv_replay)

    def changed(self, changes: Iterable[Change]) -> None:
        """Publishes one batch of what came and went."""
        if self._publisher is not None:
            self._publish(events_of(changes, self._size))

    def cleared(self) -> None:
        """Publishes that the cache is empty."""
        if self._publisher is not None:
            self._publish([["AllBlocksCleared"]])

    async def run(self) -> None:
        """Answers requests for a replay for ever, if there is a socket for them."""
        while self._replayer is not None:
            client, *empty, first = await self._replayer.recv_multipart()
            wanted = int.from_bytes(first, "big")
            for number, batch in list(self._kept):
                if int.from_bytes(number, "big") >= wanted:
                    await self._replayer.send_multipart((client, *empty, number, batch))
            await self._replayer.send_multipart((client, *empty, END, b""))

    def close(self) -> None:
        """Frees the ports."""
        for socket in (self._publisher, self._replayer):
            if socket is not None:
                socket.close(linger=0)

    def _publish(self, events: list[Value]) -> None:
        number = self._number.to_bytes(8, "big")
        batch = encoded([time.time(), events, 0])
        self._number += 1
        self._kept.append((number, batch))
        if self._publisher is not None:
            # Done at once: a subscriber that is slow loses messages instead of holding up the rest.
            self._publisher.send_multipart((self._topic, number, batch))


def _bound(kind: int, port: int) -> Socket | None:
    """A socket that listens on loopback, None for port 0."""
    if not port:
        return None
    socket = cast("Socket", zmq.asyncio.Context.instance().socket(kind))
    socket.bind(f"tcp://127.0.0.1:{port}")
    return socket


def events_of(changes: Iterable[Change], size: int) -> list[Value]:
    """The events of changes in order; blocks of one text that follow one another are one event."""
    events: list[Value] = []
    run: list[Change] = []
    for change in changes:
        if run and not _follows(run[-1], change):
            events.append(_event(run, size))
            run = []
        run.append(change)
    if run:
        events.append(_event(run, size))
    return events


def _follows(last: Change, change: Change) -> bool:
    if change.text is None:
        return last.text is None
    return change.text is last.text and change.index == last.index + 1


def _event(run: list[Change], size: int) -> Value:
    blocks = [change.block for change in run]
    first = run[0]
    if first.text is None:
        return ["BlockRemoved", blocks, "GPU"]
    ids = first.text.ids(first.index * size, (run[-1].index + 1) * size)
    return ["BlockStored", blocks, first.parent, ids, size, None, "GPU", None]
