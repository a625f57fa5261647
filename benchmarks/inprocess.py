"""The gateway's own work, without Envoy and gRPC: a worker's stream driver in this process."""

import asyncio
import contextlib
import functools
import json
import os
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from grpc import StatusCode, aio

from benchmarks.corpus import corpus
from benchmarks.messages import ToolCall, ext_proc_messages
from gateway.adapters.audit_file import AuditFile
from gateway.bootstrap.load import load
from gateway.bootstrap.snapshot import build_snapshot, snapshot_message
from gateway.config.wiring import parse_wiring
from gateway.pipeline.exchange import HttpExchange, Surroundings
from gateway.pipeline.snapshot import Snapshot
from gateway.server.stream import StreamDriver
from gateway.server.worker import AuditIds
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.traces import NoTracing
from tests.support.gatehouse import gateway_config

WIRING: Final = "1;listener=agents;mode=buffered;override=1;timeout=6.0"


class Replayed:
    """A stream with given messages; what is written to it is kept."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        self._messages = iter(messages)
        self.written: list[bytes] = []

    async def read(self) -> object:
        """The next message, then the end."""
        return next(self._messages, aio.EOF)

    async def write(self, message: bytes) -> None:
        """Keep an answer."""
        self.written.append(message)

    async def abort(self, code: StatusCode, details: str) -> None:
        """A driver that gives up has measured nothing."""
        raise RuntimeError(f"{code.name}: {details}")

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Nothing waits in a queue here."""
        raise RuntimeError(f"a request that waits: {metadata}")


class InProcess:
    """A worker without its server. `folder` receives the audit records."""

    def __init__(self, snapshot: Snapshot, folder: Path) -> None:
        self.snapshot = snapshot
        self._wiring = parse_wiring(WIRING)
        self._audit = AuditFile(str(folder / "audit.jsonl"), lambda _lost: None)
        self._around = Surroundings(
            now=time.time,
            ticks=time.perf_counter_ns,
            new_id=AuditIds(),
            write=self._audit.write,
            metrics=metrics(),
            on_fault=_fail,
            tracing=NoTracing(),
        )

    async def serve(self, messages: Sequence[bytes]) -> list[bytes]:
        """One exchange as the service serves it; the serialised answers."""
        exchange = HttpExchange(self.snapshot, self._wiring, self._around)
        driver = StreamDriver(
            exchange,
            deadline=self.snapshot.decision_seconds,
            body_limit=self.snapshot.body_limit,
        )
        stream = Replayed(messages)
        await driver.serve(stream)
        return stream.written

    async def close(self) -> None:
        """Write what is queued."""
        await self._audit.close()


@functools.cache
def snapshot_of(size: int) -> Snapshot:
    """The corpus of `size` policies as a worker compiles it."""
    rules = corpus(size)
    backends = {name: ["http://127.0.0.1:9/mcp"] for name in rules.backends}
    return compiled(
        rules.policies,
        lambda folder: gateway_config(backends, folder, identity={"keys": rules.keys}),
    )


def compiled(
    policies: Sequence[Mapping[str, Any]], configure: Callable[[Path], dict[str, Any]]
) -> Snapshot:
    """A configuration as a worker compiles it. `configure` is given the folder of the gateway."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policies").mkdir()
        text = "\n---\n".join(json.dumps(one) for one in policies)
        (folder / "policies" / "policies.yaml").write_text(text)
        (folder / "gateway.yaml").write_text(json.dumps(configure(folder)))
        loaded = load(folder / "gateway.yaml", os.environ)
        message = snapshot_message(loaded, 1, {})
    return build_snapshot(json.loads(json.dumps(message)), lambda _issuer: None)


@contextlib.contextmanager
def in_process(size: int) -> Generator[InProcess]:
    """A worker with `size` policies for the length of the block; `close` it in its event loop."""
    with worker_with(snapshot_of(size)) as worker:
        yield worker


@contextlib.contextmanager
def worker_with(snapshot: Snapshot) -> Generator[InProcess]:
    """The same with any snapshot."""
    with tempfile.TemporaryDirectory() as name:
        yield InProcess(snapshot, Path(name))


def request(size: int, call: ToolCall) -> tuple[bytes, bytes]:
    """The messages of a call to the first backend of a corpus."""
    backend = corpus(size).backends[0]
    return ext_proc_messages(call, f"/{backend}", f"mcp:{backend}@{backend}")


async def served(worker: InProcess, messages: Sequence[bytes], count: int) -> int:
    """Serve `count` equal exchanges; the CPU time of this process in nanoseconds."""
    started = time.process_time_ns()
    for _ in range(count):
        await worker.serve(messages)
    spent = time.process_time_ns() - started
    await asyncio.sleep(0)  # a turn of the loop, which is the carrier's, lets records be written
    return spent


async def best_served(
    worker: InProcess, messages: Sequence[bytes], seconds: float, chunk: int
) -> float:
    """CPU time of one exchange in microseconds: the best sample of `chunk` in `seconds`."""
    ends = time.perf_counter() + seconds
    best = await served(worker, messages, chunk)
    while time.perf_counter() < ends:
        best = min(best, await served(worker, messages, chunk))
    return best / chunk / 1000


_metrics: list[Metrics] = []


def metrics() -> Metrics:
    """The metrics of this process: prometheus_client registers each name once."""
    if not _metrics:
        _metrics.append(Metrics())
    return _metrics[0]


def _fail(where: str, error: Exception) -> None:
    raise RuntimeError(where) from error
