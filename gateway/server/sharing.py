"""Shares the pools of this process with those of other gateways, over a line that `state` names.

No pick waits for it. What it says and hears is sealed; whatever does not open, or is no message of
a gateway, is counted and forgotten. Without the line each gateway picks by what it knows itself.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from gateway.config.state import State
from gateway.model.jsonvalue import JsonObject
from gateway.picker.shared.circle import Circle
from gateway.server.placing import LocalPlacer
from gateway.sessions.envelope import Envelope
from gateway.telemetry.sharing import ShareMetrics, process_share_metrics

LOG: Final = logging.getLogger("gatehouse.state")
TICK_SECONDS: Final = 0.05
_NEW: Final = "not connected yet"
STREAM: Final = "picks"
"""Name of the stream, and what its messages are sealed for."""


class Stream(Protocol):
    """A line that all gateways hear, as `gateway.adapters.redis_stream.RedisStream`."""

    @property
    def connected(self) -> bool:
        """Whether messages go out and come in."""
        ...

    def send(self, message: bytes) -> None:
        """Say it, or drop it."""
        ...

    async def run(self) -> None:
        """Until it is cancelled."""
        ...


OpenStream: TypeAlias = Callable[
    [State, str, Callable[[bytes, float], None], Callable[[str | None], None]], Stream
]
"""Opens the stream of a name; it is told what to do with a message and its age in seconds, and with
the reason, by name, that the line is gone (None: it is there)."""


class Sharing:
    """What `placer` places is told, and what others have placed it is told. `clock` is the
    placer's, in seconds."""

    def __init__(
        self,
        placer: LocalPlacer,
        open_stream: OpenStream,
        clock: Callable[[], float],
        metrics: ShareMetrics | None = None,
    ) -> None:
        self._placer = placer
        self._open = open_stream
        self._clock = clock
        self._metrics = metrics or process_share_metrics()
        self._circle = Circle(os.urandom(16))
        self._state = State()
        self._envelope: Envelope | None = None
        self._stream: Stream | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._problem: str | None = _NEW
        self._heard = False
        self._failed = False
        self._counted = (0, 0)

    async def use(self, state: State, envelope: Envelope | None) -> None:
        """Share there from now on, or nowhere."""
        self._envelope = envelope
        if state == self._state:
            return
        await self.close()
        self._state = state
        if state.shared:
            self._problem, self._failed = _NEW, False
            self._share()
            self._stream = self._open(state, STREAM, self._hear, self._change)
            self._tasks = [
                asyncio.ensure_future(self._stream.run()),
                asyncio.ensure_future(self._tell()),
            ]
            for task in self._tasks:
                task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Share nothing any more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            await asyncio.wait([task])
        self._tasks = []
        self._stream = None
        self._state = State()
        self._circle.leave(self._clock())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Neither ends by itself but by a fault of ours: then nothing is shared, and that is said.
        What others have placed is let go of, since nobody would see that it ends. Its text is not
        told: it may quote what somebody wrote there."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._failed = True
            for one in self._tasks:
                one.cancel()
            self._circle.leave(self._clock())
            self._change(type(fault).__name__)

    def view(self) -> JsonObject:
        """For people: whether it is shared, and with whom; empty without a `state`."""
        if self._stream is None:
            return {}
        return {
            "state": {
                "connected": self._stream.connected and not self._failed,
                "problem": self._problem or "",
                "peers": self._circle.peers,
                "peer_requests": self._circle.guests,
            }
        }

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.step()

    def step(self) -> None:
        """Say what there is to say, and let go of those who are silent."""
        now, stream, envelope = self._clock(), self._stream, self._envelope
        self._share()
        news = self._circle.news(now)
        if news is not None and stream is not None and envelope is not None and stream.connected:
            stream.send(envelope.seal(STREAM, news))
            self._metrics.messages.labels("sent").inc()
        if self._circle.expire(now) or self._heard:
            self._heard = False
            self._placer.stir()
        counted = self._circle.lost, self._circle.withheld
        self._metrics.untold.labels("events").inc(counted[0] - self._counted[0])
        self._metrics.untold.labels("blocks").inc(counted[1] - self._counted[1])
        self._counted = counted

    def _share(self) -> None:
        self._circle.share({name: desk.pool for name, desk in self._placer.desks.items()})

    def _hear(self, message: bytes, age: float) -> None:
        if self._failed:
            return
        payload = None if self._envelope is None else self._envelope.open(STREAM, message)
        if payload is None:
            self._metrics.messages.labels("refused").inc()
            return
        refused = self._circle.refused
        if self._circle.take(payload, self._clock() - age):
            self._heard = True
            self._metrics.messages.labels("received").inc()
        self._metrics.messages.labels("refused").inc(self._circle.refused - refused)

    def _change(self, problem: str | None) -> None:
        before, self._problem = self._problem, problem
        if problem is None:
            level = logging.INFO if before == _NEW else logging.WARNING
            LOG.log(level, "state is there: picks are shared with other gateways")
        else:
            LOG.warning("state is gone (%s): picking without other gateways", problem)
