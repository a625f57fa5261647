"""Subscriptions to engines' KV events over ZMQ (vLLM's `ZmqEventPublisher`).

A message is [topic, number in 8 bytes, batch]. What was missed is asked for with [b"", number]; the
answers are [b"", number, batch], and the last has the number -1.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Final, Protocol, cast

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from gateway.picker.kv.batch import MAX_BYTES
from gateway.picker.kv.feed import PATIENCE, Feed, Step
from gateway.picker.kv.source import Source

LOG: Final = logging.getLogger("gatehouse.kv_events")
_END: Final = (-1).to_bytes(8, "big", signed=True)
_QUEUED: Final = 256
"""Messages that ZMQ keeps until they are read; an engine drops what is more."""

_REPLAYED: Final = 12_000
"""Those of a replay: an engine keeps 10,000 and drops what its client has no place for."""

_TEND_SECONDS: Final = 1.0
_AFTER_FAULT: Final = 30.0
"""Seconds after a fault of ours until it is listened again."""

_MOST_SOCKETS: Final = 65_535
"""Of the process; ZMQ's own limit of 1,023 is reached with 340 model servers."""

_RETRY_MS: Final = 100
_SLOWEST_RETRY_MS: Final = 5_000

Hear = Callable[[Feed, Sequence[Step]], None]


class _Socket(Protocol):
    """What is used of a ZMQ socket, whose own types are incomplete."""

    def setsockopt(self, option: int, value: int | bytes) -> None: ...
    def connect(self, addr: str) -> object: ...
    def close(self, linger: int, /) -> None: ...
    def get_monitor_socket(self, events: int) -> "_Socket": ...
    def disable_monitor(self) -> None: ...
    def send_multipart(self, parts: Sequence[bytes]) -> Awaitable[object]: ...
    def recv_multipart(self) -> Awaitable[list[bytes]]: ...


class KvEventSubscription:
    """Listens to `source` in this event loop until it is closed. `hear` is told what comes of each
    message, in order, `malformed` that something was no message."""

    def __init__(self, source: Source, hear: Hear, malformed: Callable[[], None]) -> None:
        self._source = source
        self._hear = hear
        self._malformed = malformed
        self._feed = Feed(replays=source.replay is not None)
        self._now = asyncio.get_running_loop().time
        self._tasks: asyncio.TaskGroup | None = None
        self._replay: asyncio.Task[None] | None = None
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(_log)

    def close(self) -> None:
        """End, at once."""
        self._task.cancel()

    async def _run(self) -> None:
        """Whatever fails, others may be heard, and this one later. What was heard so far is asked
        for again."""
        while True:
            try:
                await self._subscribed()
            except* Exception as faults:  # noqa: BLE001  told by their types: a text may quote
                kinds = ", ".join(sorted({type(one).__name__ for one in faults.exceptions}))
                LOG.error(  # noqa: TRY400
                    "listening to KV events of %s failed: %s", self._source.events, kinds
                )
            self._feed.disconnected()
            await asyncio.sleep(_AFTER_FAULT)

    async def _subscribed(self) -> None:
        with ExitStack() as opened:
            socket = _opened(zmq.SUB, _QUEUED)
            opened.callback(socket.close, 0)
            socket.setsockopt(zmq.SUBSCRIBE, self._source.topic)
            monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            opened.callback(monitor.close, 0)
            opened.callback(socket.disable_monitor)
            socket.connect(self._source.events)
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._listen(socket))
                tasks.create_task(self._watch(monitor))
                tasks.create_task(self._tend())

    async def _listen(self, socket: _Socket) -> None:
        while True:
            parts = await socket.recv_multipart()
            if len(parts) != 3 or len(parts[1]) != 8:
                self._malformed()
                continue
            number = int.from_bytes(parts[1], "big")
            self._tell(self._feed.live(number, parts[2], self._now()))
            self._ask()
            await asyncio.sleep(0)  # an engine that says much must not keep others waiting

    async def _watch(self, monitor: _Socket) -> None:
        """Who is there after the connection broke may be an engine that was started anew."""
        while True:
            parse_monitor_message(await monitor.recv_multipart())
            self._feed.disconnected()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            self._tell(self._feed.tend(self._now()))

    def _tell(self, steps: Sequence[Step]) -> None:
        if steps:
            self._hear(self._feed, steps)

    def _ask(self) -> None:
        """Have again what the feed wants."""
        first = self._feed.wanted
        if first is None or self._source.replay is None or self._tasks is None:
            return
        self._feed.asked(self._now())
        if self._replay is not None:
            self._replay.cancel()
        self._replay = self._tasks.create_task(self._have_again(self._source.replay, first))

    async def _have_again(self, address: str, first: int) -> None:
        socket = _opened(zmq.DEALER, _REPLAYED)
        try:
            socket.connect(address)
            await socket.send_multipart([b"", first.to_bytes(8, "big")])
            while True:
                async with asyncio.timeout(PATIENCE):
                    parts = await socket.recv_multipart()
                if len(parts) != 3 or len(parts[1]) != 8:
                    self._malformed()
                    break
                if parts[1] == _END:
                    break
                number = int.from_bytes(parts[1], "big")
                self._tell(self._feed.again(number, parts[2], self._now()))
                await asyncio.sleep(0)
        except TimeoutError:
            LOG.warning("no replay of KV events from %s", address)
        finally:
            socket.close(0)
        self._tell(self._feed.ended())


def _opened(kind: int, queued: int) -> _Socket:
    """A socket of this loop that takes no message that is too long, and keeps `queued` at most."""
    context = zmq.asyncio.Context.instance()
    context.set(zmq.MAX_SOCKETS, _MOST_SOCKETS)  # counts for the first one of a process
    socket = cast("_Socket", context.socket(kind))
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
    socket.setsockopt(zmq.RCVHWM, queued)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IPV6, 1)
    socket.setsockopt(zmq.RECONNECT_IVL, _RETRY_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, _SLOWEST_RETRY_MS)
    return socket


def _log(task: "asyncio.Task[None]") -> None:
    """A task that ends by itself does so by a fault of ours; picks go on without it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.error("listening to KV events ended: %s", type(error).__name__)
