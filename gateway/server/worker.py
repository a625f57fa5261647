"""A worker: one process that judges the streams of one socket by the newest snapshot.

The supervisor is its only source of configuration. When that line closes, the worker drains and
ends: nothing may judge by a configuration that nobody can change any more.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, Protocol

from gateway.config.wiring import Wiring
from gateway.extproc.budget import Budget
from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.exchange import HttpExchange, Surroundings
from gateway.pipeline.foreign import ForeignExchange
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.review import Review
from gateway.pipeline.sampling import Sampler
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.tool_messages import TOOLS
from gateway.server.audit_ids import AuditIds
from gateway.server.check import CheckDriver
from gateway.server.consulting import Consulting, OpenProviders
from gateway.server.counting import CountingPlacer
from gateway.server.credentials import server_credentials
from gateway.server.list_watch import ListWatch, Refresh
from gateway.server.listening import Listening, OpenSubscription
from gateway.server.picks import PICK, KeepingPlacer, Picks
from gateway.server.pool_news import PoolNews
from gateway.server.pool_view import VIEW, pool_view
from gateway.server.remote_placer import RemotePlacer
from gateway.server.sanitizing import OpenListener, Sanitizing
from gateway.server.service import Service
from gateway.server.sharing import OpenStream, Sharing
from gateway.server.stream import Exchange, StreamDriver
from gateway.server.taints import OpenStore, Taints
from gateway.server.tool_news import ToolNews
from gateway.server.trace_recorder import TRACE, OpenTrace, TraceRecorder
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import NoTracing, Tracing

LOG: Final = logging.getLogger("gatehouse.worker")
TEND_SECONDS: Final = 1.0
MESSAGE_OVERHEAD: Final = 1024 * 1024
"""Bytes that a gRPC message may have beyond the body that it carries: headers, attributes."""

_YOUNG_OBJECTS: Final = 20_000
"""Containers that are made between two searches of the young; of the usual 700 a few requests make
as many."""


class Build(Protocol):
    """Makes a snapshot of a message of the supervisor; raises ValueError with what is wrong."""

    def __call__(self, message: JsonObject, missed: Callable[[str], None]) -> Snapshot: ...


class Line(Protocol):
    """The private line to the supervisor; EOFError when the other end is gone."""

    async def send(self, message: JsonObject) -> None: ...
    async def receive(self) -> JsonObject: ...
    def close(self) -> None: ...


class Sink(Protocol):
    """Where audit records go."""

    def write(self, record: JsonObject) -> None: ...
    async def close(self) -> None: ...


OpenSink = Callable[[str, Callable[[int], None]], Sink]
"""Opens the sink of a path; the callback is told how many records were lost."""


OpenTracing = Callable[[Snapshot], Tracing]
"""Begins to export spans as the first snapshot says."""


def no_tracing(snapshot: Snapshot) -> Tracing:
    """No spans, whatever the snapshot says."""
    del snapshot
    return NoTracing()


class Worker:
    """Serves `address` with snapshots that come over `channel` and are made by `build`."""

    def __init__(  # noqa: PLR0913  what a process is made of
        self,
        channel: Line,
        address: str,
        build: Build,
        open_sink: OpenSink,
        open_tracing: OpenTracing = no_tracing,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._picker_socket: str | None = None
        self._channel = channel
        self._address = address
        self._build = build
        self._open_tracing = open_tracing
        self._tracing: Tracing = NoTracing()
        self._open_sink = open_sink
        self._snapshot: Snapshot | None = None
        self._service: Service | None = None
        self._missed: set[str] = set()
        self._metrics = metrics or Metrics()
        self._new_id = AuditIds()
        self._audit: Sink | None = None
        self._budget = Budget(0)
        self._waiting = Budget(0)
        self._random = Random()  # noqa: S311  draws samples and shares, nothing secret
        self._sampler = Sampler(self._random)
        self._own_placer = CountingPlacer(time.monotonic, self._random)
        self._recorder = TraceRecorder(self._metrics.trace_lost.inc)
        self._picks = Picks(endpoints=self._own_placer.states, recorder=self._recorder)
        self._placer: CountingPlacer | RemotePlacer = self._own_placer
        self._news = PoolNews(self._own_placer, time.monotonic)
        self._asking: asyncio.Task[None] | None = None
        self._sharing: Sharing | None = None
        self._listening: Listening | None = None
        self._taints = Taints(time.monotonic)
        self._consulting = Consulting()
        self._tools = ToolNews(self._consulting)
        self._lists = ListWatch()
        self._sanitizing = Sanitizing(self._surroundings)

    def consult_by(self, open_providers: OpenProviders) -> None:
        """Ask providers of guardrails, where there are some, by what this opens. Before `run`."""
        self._consulting.open_providers = open_providers

    def refresh_by(self, refresh: Refresh) -> None:
        """Read lists that guardrails judge by again with this. Before `run`."""
        self._lists.refresh = refresh

    def sanitize_by(self, open_listener: OpenListener) -> None:
        """Serve Model Armor's API, where it is configured, by what this opens. Before `run`."""
        self._sanitizing.open_listener = open_listener

    def remember_in(self, open_store: OpenStore) -> None:
        """Remember taints, where gateways share them, in what this opens. Before `run`."""
        self._taints.open_store = open_store

    def trace_to(self, open_sink: OpenTrace) -> None:
        """Keep traces of pools, where they are configured, in what this opens. Before `run`."""
        self._recorder.open_sink = open_sink

    def share_over(self, open_stream: OpenStream) -> None:
        """Share picks with other gateways, where that is configured, over what this opens. Not for
        a worker with a picker process, which does it for all. Before `run`."""
        self._sharing = Sharing(self._own_placer, open_stream, time.monotonic)

    def listen_by(self, subscribe: OpenSubscription) -> None:
        """Listen to what endpoints have cached, where that is configured, by what this opens. Not
        for a worker with a picker process, which does it for all. Before `run`."""
        self._listening = Listening(self._own_placer, subscribe)

    def pick_by(self, socket: str) -> None:
        """Behind this Unix socket is the picker of all workers; without it, this one picks alone.
        Before `run`."""
        self._picker_socket = socket
        self._own_placer.alone = True

    async def run(self) -> None:
        """Serve until SIGTERM or the end of the channel, then drain."""
        loop = asyncio.get_running_loop()
        listening = asyncio.ensure_future(self._listen())
        loop.add_signal_handler(signal.SIGTERM, listening.cancel)
        tending = asyncio.ensure_future(self._tend())
        try:
            await listening
        except (asyncio.CancelledError, EOFError):
            LOG.info("draining")
        tending.cancel()
        await self._close()
        if self._asking is not None:
            self._asking.cancel()

    async def _listen(self) -> None:
        while True:
            message = await self._channel.receive()
            await self._channel.send(await self._answer(message))

    async def _tend(self) -> None:
        """Once a second: how many streams there are, and which of them are no longer permitted."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            self._own_placer.tend()
            if self._service is not None:
                self._metrics.streams.set(self._service.open_streams)
                await self._service.review(self._snapshot, self._permitted)

    def _permitted(self, review: Review) -> bool:
        """Judge what lasts as if it came now; what cannot be judged any more is not permitted."""
        if self._snapshot is None:
            return False
        try:
            return review.permitted(self._snapshot, time.time())
        except Exception as error:  # noqa: BLE001  fail closed
            self._on_fault("review", error)
            return False

    async def _answer(self, message: JsonObject) -> JsonObject:
        match message.get("type"):
            case kind if kind in {"snapshot", TOOLS}:
                take = self._tools.take if kind == TOOLS else self._take
                return await self._attempt(take(message))
            case "poll":
                missed = sorted(self._missed)
                self._missed.clear()  # in place: the snapshot in force adds to this very set
                return {
                    "snapshot": self._snapshot.number if self._snapshot else 0,
                    "streams": self._service.open_streams if self._service else 0,
                    "missed": list(missed),
                    "noted": [*self._tools.noted()],
                    **(self._sharing.view() if self._sharing is not None else {}),
                }
            case "pools" | "loads":
                self._news.take(message)
                return {}
            case kind if kind == VIEW:
                shared = self._sharing.view() if self._sharing is not None else {}
                return {**pool_view(self._own_placer, time.monotonic()), **shared}
            case kind if kind in {PICK, TRACE}:
                return self._tell(message)
            case other:
                return {"problem": f"unknown message {other!r}"}

    def _tell(self, message: JsonObject) -> JsonObject:
        """Of one pick, or of all that have ended."""
        if message.get("type") == PICK:
            return self._picks.view(str(message.get("audit_id")))
        return self._recorder.view(self._picks)

    async def _attempt(self, work: Awaitable[None]) -> JsonObject:
        try:
            await work
        except (ValueError, OSError) as error:
            return {"problem": str(error)}
        return {"pid": os.getpid()}

    async def _take(self, message: JsonObject) -> None:
        """Make the snapshot aside, then swap one reference: streams go on meanwhile."""
        snapshot = await asyncio.to_thread(self._build, message, self._missed.add)
        _settle_heap()
        if self._audit is None:
            self._audit = self._open_sink(snapshot.record_path, self._metrics.audit_lost.inc)
            self._tracing = self._open_tracing(snapshot)
        await self._recorder.configure(snapshot.traces, snapshot.trace_key)
        self._consulting.use(snapshot.providers)
        await self._taints.use(snapshot.state)
        seen = await self._tools.judged(snapshot.guardrails)
        await self._sanitizing.use(snapshot)
        self._snapshot = snapshot
        self._lists.start()
        self._tools.use(snapshot.guardrails, seen)
        self._use_pools(snapshot)
        if self._sharing is not None:
            await self._sharing.use(snapshot.state, snapshot.envelope)
        self._budget.total = snapshot.held_bytes
        self._waiting.total = snapshot.held_bytes // 2  # the rest is for what need not wait
        if self._service is None:
            service = Service(
                self._new_driver,
                new_check=self._new_check,
                receive_bytes=self._receive_bytes(snapshot),
                streams=snapshot.streams,
                credentials=server_credentials(snapshot.worker_tls),
            )
            service.admit(self._foreign)
            await service.start(self._address)
            self._service = service
        await self._service.review(snapshot, self._permitted)

    def _use_pools(self, snapshot: Snapshot) -> None:
        """Pick as the snapshot says: alone, or by the picker of all workers."""
        self._own_placer.configure(snapshot.pickers)
        self._news.repeat()
        if self._picker_socket is None or self._asking is not None:
            return
        remote = RemotePlacer(self._picker_socket, self._own_placer)
        self._asking = asyncio.ensure_future(remote.run())
        self._placer = remote

    def _new_driver(self, wiring: Wiring) -> StreamDriver:
        snapshot, around = self._in_force(), self._surroundings()
        if wiring.foreign and snapshot.foreign is not None:
            exchange = ForeignExchange(snapshot, wiring, around, snapshot.foreign)
            return self._drive(exchange, snapshot)
        return self._drive(HttpExchange(snapshot, wiring, around), snapshot)

    def _foreign(self) -> ForeignProxy | None:
        return self._in_force().foreign

    def _new_check(self, wiring: Wiring) -> CheckDriver:
        snapshot = self._in_force()
        exchange = HttpExchange(snapshot, wiring, self._surroundings())
        return CheckDriver(exchange, deadline=snapshot.decision_seconds, budget=self._budget)

    def _in_force(self) -> Snapshot:
        if self._snapshot is None:
            raise RuntimeError("a stream before the first snapshot")
        return self._snapshot

    def _drive(self, exchange: Exchange, snapshot: Snapshot) -> StreamDriver:
        """The driver of one stream."""
        return StreamDriver(
            exchange,
            deadline=snapshot.decision_seconds,
            body_limit=snapshot.body_limit,
            budget=self._budget,
            waiting=self._waiting,
        )

    def _receive_bytes(self, snapshot: Snapshot) -> int:
        """The largest message that is taken from Envoy."""
        return snapshot.body_limit + MESSAGE_OVERHEAD

    def _surroundings(self) -> Surroundings:
        audit_id = self._new_id()
        return Surroundings(
            now=time.time,
            ticks=time.perf_counter_ns,
            new_id=lambda: audit_id,
            write=self._write,
            metrics=self._metrics,
            on_fault=self._on_fault,
            tracing=self._tracing,
            placer=KeepingPlacer(self._placer, self._picks, audit_id),
            random=self._random,
            sampler=self._sampler,
            taints=self._taints,
            consultants=self._consulting,
            tools=self._tools.seen,
        )

    def _write(self, record: JsonObject) -> None:
        if self._audit is not None:
            self._audit.write(record)

    def _on_fault(self, where: str, error: Exception) -> None:
        """Log a failure of ours by its type: its text may quote what a client sent."""
        kind = type(error).__name__
        self._metrics.faults.labels(kind).inc()
        frames = error.__traceback__
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
        line = f"{frames.tb_frame.f_code.co_qualname}:{frames.tb_lineno}" if frames else "?"
        LOG.error("%s failed: %s at %s", where, kind, line)

    async def _close(self) -> None:
        ending = asyncio.ensure_future(self._sanitizing.close())
        if self._service is not None:
            drain = self._snapshot.drain_seconds if self._snapshot else 0.0
            await self._service.drain(drain)
        await ending
        if self._sharing is not None:
            await self._sharing.close()
        if self._listening is not None:
            self._listening.close()
        await self._taints.close()
        self._tools.close()
        await self._consulting.close()
        self._lists.close()
        if self._audit is not None:
            await self._audit.close()
        await self._recorder.close()
        await asyncio.to_thread(self._tracing.shutdown)
        self._channel.close()


def _settle_heap() -> None:
    """Take what lives as long as a snapshot out of the garbage collector's sight. Searching it
    again and again while requests come and go took 200 of 880 µs CPU a request with 100 policies.
    What the former snapshot left is collected first."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
