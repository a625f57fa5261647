"""The picker process: with several workers, one owner of prefix index, counts and queues.

It carries no traffic and sees no prompt. The supervisor gives it snapshots and news as it does
workers; when that line closes it ends, and workers pick alone until another is there.
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from random import Random
from typing import Final

from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.tool_messages import TOOLS
from gateway.server.counting import CountingPlacer
from gateway.server.listening import Listening, OpenSubscription
from gateway.server.picker_server import PickerServer
from gateway.server.pool_news import PoolNews
from gateway.server.pool_view import VIEW, pool_view
from gateway.server.sharing import OpenStream, Sharing
from gateway.server.worker import TEND_SECONDS, Build, Line

LOG: Final = logging.getLogger("gatehouse.picker")


class PickerProcess:
    """Serves workers on the Unix socket `path` by snapshots that come over `channel`."""

    def __init__(
        self,
        channel: Line,
        path: str,
        build: Build,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._path = path
        self._build = build
        self._clock = clock
        self._placer = CountingPlacer(clock, Random())  # noqa: S311  draws profiles, nothing secret
        self._news = PoolNews(self._placer, clock)
        self._server: PickerServer | None = None
        self._number = 0
        self._sharing: Sharing | None = None
        self._listening: Listening | None = None

    def listen_by(self, subscribe: OpenSubscription) -> None:
        """Listen to what endpoints have cached, where that is configured, by what this opens.
        Before `run`."""
        self._listening = Listening(self._placer, subscribe)

    def share_over(self, open_stream: OpenStream) -> None:
        """Share picks with other gateways, where that is configured, over what this opens. Before
        `run`."""
        self._sharing = Sharing(self._placer, open_stream, self._clock)

    async def run(self) -> None:
        """Serve until SIGTERM or the end of the channel."""
        loop = asyncio.get_running_loop()
        listening = asyncio.ensure_future(self._listen())
        loop.add_signal_handler(signal.SIGTERM, listening.cancel)
        tending = asyncio.ensure_future(self._tend())
        with contextlib.suppress(asyncio.CancelledError, EOFError):
            await listening
        tending.cancel()
        if self._sharing is not None:
            await self._sharing.close()
        if self._listening is not None:
            self._listening.close()
        if self._server is not None:
            await self._server.stop()
        self._channel.close()

    async def _listen(self) -> None:
        while True:
            message = await self._channel.receive()
            try:
                answer: JsonObject = await self._answer(message)
            except (ValueError, OSError) as error:
                answer = {"problem": str(error)}
            await self._channel.send(answer)

    async def _answer(self, message: JsonObject) -> JsonObject:
        if self._news.take(message):
            return {}
        match message.get("type"):
            case "snapshot":
                snapshot = await asyncio.to_thread(self._build, message, lambda _: None)
                await self._take(snapshot)
                return {"pid": os.getpid()}
            case kind if kind == TOOLS:
                return {}  # it judges nothing
            case "poll":
                return {"snapshot": self._number, **self._shared()}
            case kind if kind == VIEW:
                return {**pool_view(self._placer, self._clock()), **self._shared()}
            case other:
                return {"problem": f"unknown message {other!r}"}

    def _shared(self) -> JsonObject:
        return self._sharing.view() if self._sharing is not None else {}

    async def _take(self, snapshot: Snapshot) -> None:
        self._placer.configure(snapshot.pickers)
        self._news.repeat()
        self._number = snapshot.number
        if self._sharing is not None:
            await self._sharing.use(snapshot.state, snapshot.envelope)
        if self._server is None:
            with contextlib.suppress(FileNotFoundError):  # what a killed one left
                os.unlink(self._path)  # noqa: PTH108  no blocking work
            self._server = PickerServer(self._placer, self._path)
            await self._server.start()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TEND_SECONDS)
            self._placer.tend()
