"""A line that all gateways with the same `state` hear: a Redis stream, bounded, read to its end.

A stream rather than a channel: who comes late, or was cut off, reads what was said meanwhile. No
request waits for it. Messages that cannot be sent are dropped; whoever uses it says all again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from random import Random
from typing import Any, Final

from gateway.adapters.cancelling import end
from gateway.adapters.redis_client import GONE, open_client
from gateway.config.state import State

MAX_MESSAGE: Final = 384 * 1024
MAX_STREAM: Final = 32 * 1024 * 1024
"""Bytes that the stream takes in the server, about: so many messages of the mean size are kept."""

KEPT_SECONDS: Final = 600
"""After the last message the stream goes."""

_PROLONGED: Final = 60.0
"""Seconds after which that is said again."""

CATCH_UP: Final = 120.0
"""Seconds of the stream that somebody new reads first."""

_WAITING: Final = 64
_BATCH: Final = 64
_BLOCK: Final = 1.0
_FIRST_PAUSE: Final = 0.1
_LAST_PAUSE: Final = 5.0
_FEWEST: Final = 128
_FIELD: Final = b"m"


class RedisStream:
    """`on_message` is told each message with its age in seconds, one's own too; `on_change` when
    the server is there (None) or gone, and then why, by the name of the error. Neither may raise.

    `dropped` counts messages that were not sent.
    """

    def __init__(
        self,
        state: State,
        name: str,
        on_message: Callable[[bytes, float], None],
        on_change: Callable[[str | None], None],
    ) -> None:
        """The stream `name` below the prefix of `state`."""
        self._state = state
        self._key = state.prefix + name
        self._on_message = on_message
        self._on_change = on_change
        self._random = Random()  # noqa: S311  pauses, nothing secret
        self._queue: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._size = 1024.0
        self._last: tuple[int, int] | None = None
        self._working = {"reads": False, "writes": False}
        self._told: str | None = ""
        self.dropped = 0

    @property
    def connected(self) -> bool:
        """Whether messages go out and come in."""
        return all(self._working.values())

    def send(self, message: bytes) -> None:
        """Say it as soon as possible; returns at once. Of too many that wait the oldest goes."""
        if len(message) > MAX_MESSAGE or not self._working["writes"]:
            self.dropped += 1
            return
        if len(self._queue) >= _WAITING:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(message)
        self._more.set()

    async def run(self) -> None:
        """Keep connections, one to write and one to read; runs until it is cancelled."""
        tasks = [
            asyncio.ensure_future(self._keep("writes", self._write)),
            asyncio.ensure_future(self._keep("reads", self._read)),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._working = dict.fromkeys(self._working, False)
            await end(tasks)

    async def _keep(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begin again whenever it fails, after pauses that grow up to five seconds."""
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                await work()
            except GONE as error:
                self._found(what, type(error).__name__)
            if time.monotonic() - began > _LAST_PAUSE:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LAST_PAUSE)

    def _found(self, what: str, problem: str | None) -> None:
        self._working[what] = problem is None
        if problem is None and not self.connected:
            return
        if problem != self._told and (problem is None or not self._told):
            self._told = problem
            self._on_change(problem)

    # --- out ----------------------------------------------------------------------------------

    async def _write(self) -> None:
        self.dropped += len(self._queue)
        self._queue.clear()  # what was to be said before the server went is no news any more
        client: Any = open_client(self._state)
        prolonged = -inf
        try:
            await client.ping()
            self._found("writes", None)
            while True:
                await self._more.wait()
                self._more.clear()
                await self._add(client)
                if time.monotonic() - prolonged > _PROLONGED:  # what takes nothing is to go
                    await client.expire(self._key, KEPT_SECONDS)
                    prolonged = time.monotonic()
        finally:
            await client.aclose()

    async def _add(self, client: Any) -> None:
        async with client.pipeline(transaction=False) as pipe:
            while self._queue:
                message = self._queue.popleft()
                self._size += (len(message) - self._size) / 32
                most = max(round(MAX_STREAM / max(self._size, 1.0)), _FEWEST)
                pipe.xadd(self._key, {_FIELD: message}, maxlen=most, approximate=True)
            await pipe.execute()

    # --- in -----------------------------------------------------------------------------------

    async def _read(self) -> None:
        client: Any = open_client(self._state, patience=_BLOCK)
        try:
            seconds, microseconds = await client.time()
            now = seconds * 1000 + microseconds // 1000
            ahead = time.monotonic() - now / 1000
            since = self._since(now)
            self._found("reads", None)
            while True:
                block = round(_BLOCK * 1000)
                found = await client.xread({self._key: since}, count=_BATCH, block=block)
                for identity, values in found[0][1] if found else ():
                    since = identity
                    self._hear(identity, values, ahead)
                    await asyncio.sleep(0)  # a long stream is read while requests go on
                if not found:  # it may have been begun anew, after entries of the future
                    since = self._since(round((time.monotonic() - ahead) * 1000))
        finally:
            await client.aclose()

    def _since(self, now: int) -> bytes:
        """Where to go on: behind what was read last, but not before what matters still. A server
        whose clock went back begins at the present. `now` is its time in milliseconds."""
        earliest = (now - round(CATCH_UP * 1000), 0)
        last = self._last
        start = earliest if last is None else max(last, earliest) if last[0] <= now else (now, 0)
        return b"%d-%d" % start

    def _hear(self, identity: bytes, values: dict[bytes, bytes], ahead: float) -> None:
        milliseconds, _, number = identity.partition(b"-")
        self._last = int(milliseconds), int(number)
        message = values.get(_FIELD)
        if message is not None and len(message) <= MAX_MESSAGE:
            age = max(time.monotonic() - ahead - self._last[0] / 1000, 0.0)
            self._on_message(message, age)
