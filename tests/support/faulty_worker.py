"""A gateway whose workers fail when a request says so; the production code has no such switch.

    python -m tests.support.faulty_worker up --config FILE --ready-file FILE --workers N
    python -m tests.support.faulty_worker worker --channel FD --index I --listen ADDRESS

The worker is the real one with a fault at a stage: `preview` (the head is judged), `judge` (the
body is not), `verdict` (it is, but nobody was told), `response` (its head) or `read` (a piece of
its body). A request asks for a fault with the header `x-test-fault: KIND@STAGE*TIMES FILE`; every
firing appends the worker's process id to FILE, so that a test can tell a fault that was survived
from one that never happened. TIMES bounds the firings over all workers; without it every attempt
fails.
"""

import argparse
import asyncio
import dataclasses
import logging
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from gateway.adapters.audit_file import AuditFile
from gateway.adapters.channel import Channel
from gateway.bootstrap.snapshot import build_snapshot
from gateway.extproc.commands import BodyReply, Direction, HeadersReply
from gateway.model.head import RequestHead, ResponseHead
from gateway.model.verdict import (
    Emit,
    Forward,
    Gap,
    Mutation,
    PassResponse,
    Proceed,
    Queued,
    ReadResponse,
    Refuse,
)
from gateway.pipeline.review import Review
from gateway.pipeline.snapshot import Snapshot
from gateway.server.codec import encode
from gateway.server.stream import Exchange, StreamDriver
from gateway.server.worker import Worker
from gateway.supervisor.options import Options
from gateway.supervisor.supervisor import Supervisor
from gateway.supervisor.workers import Timing

HEADER: Final = "x-test-fault"
SYNTAX: Final = re.compile(r"(?P<kind>[a-z]+)@(?P<stage>[a-z]+)(\*(?P<times>\d+))? (?P<file>.+)")
STALL_SECONDS: Final = 10.0
BLOCK_SECONDS: Final = 2.5
OVERSIZE: Final = 1024 * 1024
RECEIVE_BYTES: Final = 64 * 1024
"""What these workers accept as one message, so that a small test can send too large a one."""


class InjectedError(Exception):
    """The exception that `raise` means."""


class CleanEnd(BaseException):
    """Makes the handler of a stream return as if all was said; not to be rescued on the way."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """What shall happen, and where."""

    kind: str
    stage: str
    times: int | None
    file: Path

    def claim(self) -> bool:
        """Note that it fires now; False when it has fired often enough."""
        with self.file.open("a+") as claims:
            claims.seek(0)
            if self.times is not None and len(claims.readlines()) >= self.times:
                return False
            claims.write(f"{os.getpid()}\n")
        return True


def parse_fault(head: RequestHead) -> Fault | None:
    """The fault that a request asks for."""
    found = SYNTAX.fullmatch(head.headers.get(HEADER) or "")
    if found is None:
        return None
    times = int(found["times"]) if found["times"] else None
    return Fault(found["kind"], found["stage"], times, Path(found["file"]))


class FaultyExchange:
    """The real exchange, with the fault of its request before the stage that it names."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._fault: Fault | None = None
        self.stream: Any = None

    async def preview(self, head: RequestHead) -> Proceed | Refuse:
        self._fault = parse_fault(head)
        verdict = await self._exchange.preview(head)
        await self._fail_at("preview")
        return verdict

    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued:
        self._fault = parse_fault(head)
        await self._fail_at("judge")
        verdict = await self._exchange.judge(head, body, gap)
        await self._fail_at("verdict")
        if isinstance(verdict, Forward) and self._blows_up("verdict"):
            return dataclasses.replace(verdict, mutation=_oversized(verdict.mutation))
        return verdict

    async def dispatched(self) -> Forward | Refuse:
        return await self._exchange.dispatched()

    async def judge_response(
        self, head: ResponseHead, *, end_of_stream: bool
    ) -> PassResponse | ReadResponse | Refuse:
        await self._fail_at("response")
        verdict = await self._exchange.judge_response(head, end_of_stream=end_of_stream)
        if isinstance(verdict, ReadResponse) and self._blows_up("response"):
            return ReadResponse(_oversized(verdict.mutation))
        return verdict

    @property
    def review(self) -> Review | None:
        return self._exchange.review

    def revoked(self) -> None:
        self._exchange.revoked()

    def gave_way(self) -> Refuse:
        return self._exchange.gave_way()

    def when_cut(self, cut: Callable[[], None]) -> None:
        self._exchange.when_cut(cut)

    async def read(self, data: bytes, *, end_of_stream: bool) -> Emit | Refuse:
        await self._fail_at("read")
        return await self._exchange.read(data, end_of_stream=end_of_stream)

    def fault(self, error: Exception) -> Refuse:
        return self._exchange.fault(error)

    def read_fault(self, error: Exception) -> Emit | Refuse:
        return self._exchange.read_fault(error)

    def finish(self, *, unread: bool) -> None:
        self._exchange.finish(unread=unread)

    def _blows_up(self, stage: str) -> bool:
        fault = self._fault
        return fault is not None and (fault.kind, fault.stage) == ("grow", stage) and fault.claim()

    async def _fail_at(self, stage: str) -> None:
        fault = self._fault
        if fault is None or fault.stage != stage or fault.kind == "grow" or not fault.claim():
            return
        await FAULTS[fault.kind](self.stream, stage)


def _oversized(mutation: Mutation) -> Mutation:
    """A permitted header with a value that no peer takes."""
    return Mutation((*mutation.set, ("mcp-padding", "x" * OVERSIZE)), mutation.remove)


async def _raise(_stream: Any, _stage: str) -> None:
    raise InjectedError


async def _stall(_stream: Any, _stage: str) -> None:
    await asyncio.sleep(STALL_SECONDS)


async def _block(_stream: Any, _stage: str) -> None:
    time.sleep(BLOCK_SECONDS)  # noqa: ASYNC251  a judgement that holds the whole worker


async def _kill(_stream: Any, _stage: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _stop(_stream: Any, _stage: str) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


async def _wrong(stream: Any, stage: str) -> None:
    """An answer to another question, before the right one."""
    forward = {
        "preview": BodyReply(Direction.RESPONSE),
        "judge": HeadersReply(Direction.RESPONSE),
        "verdict": HeadersReply(Direction.RESPONSE),
        "response": BodyReply(Direction.REQUEST),
        "read": HeadersReply(Direction.REQUEST),
    }
    await stream.write(encode(forward[stage]))


async def _close(_stream: Any, _stage: str) -> None:
    raise CleanEnd


FAULTS: Final[dict[str, Callable[[Any, str], Awaitable[None]]]] = {
    "raise": _raise,
    "stall": _stall,
    "block": _block,
    "kill": _kill,
    "stop": _stop,
    "wrong": _wrong,
    "close": _close,
}


class FaultyDriver(StreamDriver):
    """The real driver, which a `CleanEnd` leaves as if the exchange was over."""

    def __init__(self, exchange: Exchange, **limits: Any) -> None:
        self._faulty = FaultyExchange(exchange)
        super().__init__(self._faulty, **limits)

    async def serve(self, stream: Any) -> None:
        self._faulty.stream = stream
        try:
            await super().serve(stream)
        except CleanEnd:
            return


class FaultyWorker(Worker):
    """The real worker with faulty exchanges, and a small limit on one message."""

    def _drive(self, exchange: Exchange, snapshot: Snapshot) -> StreamDriver:
        deadline, body_limit = snapshot.decision_seconds, snapshot.body_limit
        return FaultyDriver(exchange, deadline=deadline, body_limit=body_limit)

    def _receive_bytes(self, snapshot: Snapshot) -> int:
        del snapshot
        return RECEIVE_BYTES


async def run_worker(channel_fd: int, address: str) -> None:
    """As `gateway.bootstrap.worker.run_worker`, with another worker."""
    logging.basicConfig(level=logging.ERROR)
    channel = await Channel.over(socket.socket(fileno=channel_fd))
    await FaultyWorker(channel, address, build_snapshot, AuditFile).run()


def main() -> None:
    """Runs the supervisor or, as that asks, a worker."""
    parser = argparse.ArgumentParser(prog="faulty_worker")
    roles = parser.add_subparsers(dest="role", required=True)
    up = roles.add_parser("up")
    up.add_argument("-c", "--config", type=Path, required=True)
    up.add_argument("--ready-file", type=Path, required=True)
    up.add_argument("--workers", type=int, required=True)
    up.add_argument("--quiet", action="store_true")
    worker = roles.add_parser("worker")
    worker.add_argument("--channel", type=int, required=True)
    worker.add_argument("--index", type=int, required=True)
    worker.add_argument("--listen", required=True)
    given = parser.parse_args()
    if given.role == "worker":
        asyncio.run(run_worker(given.channel, given.listen))
        return
    options = Options(
        config=given.config,
        workers=given.workers,
        ready_file=given.ready_file,
        quiet=given.quiet,
        envoy=True,
        worker_command=(sys.executable, "-m", "tests.support.faulty_worker", "worker"),
        worker_timing=Timing(last_backoff=0.1),
    )
    sys.exit(asyncio.run(Supervisor(options).run()))


if __name__ == "__main__":
    main()
