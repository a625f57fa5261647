"""Worker processes: started, fed with snapshots, restarted when they die."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.adapters.channel import Channel, ChannelClosedError
from gateway.model.jsonvalue import JsonObject

LOG: Final = logging.getLogger("gatehouse.supervisor")
WORKER_COMMAND: Final = (sys.executable, "-m", "gateway", "worker")
PICKER_COMMAND: Final = (sys.executable, "-m", "gateway", "picker")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `answer` is how long a worker may think, `margin` what it has after its drain for
    the last audit records. A restart waits `first_backoff`, doubled up to `last_backoff` until a
    process has lived for `stable`."""

    answer: float = 15.0
    margin: float = 1.0
    first_backoff: float = 0.05
    last_backoff: float = 5.0
    stable: float = 10.0


class WorkerFailedError(Exception):
    """A worker would not take a snapshot; the text says why."""


class WorkerSilentError(WorkerFailedError):
    """A worker is gone, stopped or stuck: it will be replaced."""


class Worker:
    """One worker slot: the process in it changes, its index and address do not."""

    def __init__(
        self,
        index: int,
        address: str,
        command: Sequence[str],
        env: Mapping[str, str],
        timing: Timing,
    ) -> None:
        self.index = index
        self.name = f"worker {index}"
        self.address = address
        self.restarts = 0
        self._command = command
        self._env = env
        self._timing = timing
        self._serving = False
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._turn = asyncio.Lock()
        self._exchanges: set[asyncio.Task[JsonObject | WorkerSilentError]] = set()

    @property
    def pid(self) -> int | None:
        """The process in the slot now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def last_pid(self) -> int | None:
        """The process in the slot now, or else the one that was there last."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether a process is there and its channel is open."""
        return self._channel is not None

    @property
    def serving(self) -> bool:
        """Whether it has taken a snapshot, and judges: a process that has ended does not, though
        its channel may not have told that yet."""
        return self._serving and self.pid is not None

    async def start(self, snapshot: JsonObject, *further: JsonObject) -> None:
        """Start a process and wait until it serves `snapshot` and has taken what else it is told.
        Raises `WorkerFailedError`, with no process left behind."""
        try:
            ours = await self._spawn()
        except OSError as error:
            raise WorkerFailedError(f"{self.name} cannot be started: {error}") from error
        try:
            self._channel = await Channel.over(ours)
            for message in (
                *further,
                snapshot,
            ):  # it serves with the snapshot, and knows these then
                await self.ask(message)
        except BaseException:
            self.kill()
            await self.wait()
            raise
        self._serving = True

    async def _spawn(self) -> socket.socket:
        """A new process in the slot; our end of its channel."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    f"--channel={theirs.fileno()}",
                    f"--index={self.index}",
                    f"--listen={self.address}",
                    pass_fds=(theirs.fileno(),),
                    env={**os.environ, **self._env},
                    start_new_session=True,  # a Ctrl-C is the supervisor's to handle
                )
        except BaseException:
            ours.close()
            raise
        return ours

    async def ask(self, message: JsonObject) -> JsonObject:
        """Send a message and wait for its answer. Raises `WorkerFailedError`.

        A caller that is cancelled does not cancel the exchange: the next answer on the channel
        would be taken for that to another message.
        """
        exchange = asyncio.ensure_future(self._exchange(message))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._exchanges.discard)
        answer = await asyncio.shield(exchange)
        if isinstance(answer, WorkerSilentError):
            raise answer
        problem = answer.get("problem")
        if isinstance(problem, str):
            raise WorkerFailedError(f"{self.name}: {problem}")
        return answer

    async def _exchange(self, message: JsonObject) -> JsonObject | WorkerSilentError:
        async with self._turn:
            if self._channel is None:
                return WorkerSilentError(f"{self.name} is not running")
            try:
                async with asyncio.timeout(self._timing.answer):
                    await self._channel.send(message)
                    return await self._channel.receive()
            except (ChannelClosedError, TimeoutError):
                self.kill()  # its answer may still come, and would be the wrong one
                return WorkerSilentError(f"{self.name} does not answer")
            except ValueError as error:  # nothing was sent
                return {"problem": str(error)}

    async def wait(self) -> int:
        """Wait until the process ends; its exit status."""
        status = 0 if self._process is None else await self._process.wait()
        self._close()
        return status

    def kill(self) -> None:
        """End the process at once; its keeper starts another."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self, seconds: float) -> None:
        """Drain within `seconds`, then kill."""
        if self._process is None or self._process.returncode is not None:
            self._close()
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(seconds + self._timing.margin):
                await self._process.wait()
        except TimeoutError:
            LOG.warning("%s does not end; killing it", self.name)
        finally:
            self.kill()
            await self.wait()

    def _close(self) -> None:
        self._serving = False
        if self._channel is not None:
            self._channel.close()
            self._channel = None


class WorkerPool:
    """All workers of a gateway, and with `pick_at` the one process that picks for them; dead ones
    come back with the last published snapshot and what else stands."""

    def __init__(
        self,
        addresses: Sequence[str],
        env: Mapping[str, str],
        command: Sequence[str] = WORKER_COMMAND,
        on_change: Callable[[], Awaitable[None]] | None = None,
        timing: Timing = Timing(),
    ) -> None:
        self.workers = [
            Worker(index, address, command, env, timing) for index, address in enumerate(addresses)
        ]
        self.picker: Worker | None = None
        self._env = env
        self._snapshot: JsonObject = {}
        self._standing: dict[str, JsonObject] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._publishing = asyncio.Lock()
        self._on_change = on_change
        self._timing = timing
        self._ended: Callable[[int], None] | None = None

    def when_ended(self, tell: Callable[[int], None]) -> None:
        """Have `tell` called with the id of each process that ends by itself. Before `start`."""
        self._ended = tell

    def pick_at(self, address: str) -> None:
        """Have one process pick for all workers, at "unix:PATH". Before `start`."""
        self.picker = Worker(0, address, PICKER_COMMAND, self._env, self._timing)
        self.picker.name = "the picker"

    @property
    def _processes(self) -> list[Worker]:
        return [*([self.picker] if self.picker else ()), *self.workers]

    async def start(self, snapshot: JsonObject) -> None:
        """Start every worker, the picker before them: they would begin by picking alone. Raises
        `WorkerFailedError` if one cannot take the snapshot; none is left running then."""
        self._snapshot = snapshot
        for together in ([self.picker] if self.picker else [], self.workers):
            results = await asyncio.gather(
                *(one.start(snapshot, *self._standing.values()) for one in together),
                return_exceptions=True,
            )
            failed = [result for result in results if result is not None]
            if failed:
                await self.stop(0)
                raise failed[0]
        self._keepers = [asyncio.ensure_future(self._keep(one)) for one in self._processes]

    async def publish(self, snapshot: JsonObject) -> None:
        """Give every running worker a new snapshot. Raises `WorkerFailedError` if one refuses it;
        all go on by the one before then.

        A worker that is down gets it when it is back; a stuck one is killed, so that none goes on
        judging by the old one."""
        async with self._publishing:
            before, self._snapshot = self._snapshot, snapshot
            refused = await self._give_all(snapshot)
            if refused:
                self._snapshot = before
                for worker, _ in await self._give_all(before):
                    worker.kill()
                raise refused[0][1]

    async def _give_all(self, message: JsonObject) -> list[tuple[Worker, WorkerFailedError]]:
        """Who refused the message, and why. Who did not answer is killed and does not count."""
        answers = await self._ask_all(message)
        return [
            (worker, answer)
            for worker, answer in answers
            if isinstance(answer, WorkerFailedError) and not isinstance(answer, WorkerSilentError)
        ]

    async def _ask_all(
        self, message: JsonObject
    ) -> list[tuple[Worker, JsonObject | WorkerFailedError]]:
        async def ask(worker: Worker) -> tuple[Worker, JsonObject | WorkerFailedError]:
            try:
                return worker, await worker.ask(message)
            except WorkerFailedError as error:
                return worker, error

        running = [worker for worker in self._processes if worker.running]
        return await asyncio.gather(*(ask(worker) for worker in running))

    async def poll(self) -> list[JsonObject]:
        """What running workers say of themselves; one that says nothing is killed."""
        answers = await self._ask_all({"type": "poll"})
        return [answer for _, answer in answers if isinstance(answer, dict)]

    async def tell(self, message: JsonObject) -> None:
        """Send a message that needs no consent; workers that are down miss it."""
        for _, error in await self._give_all(message):
            LOG.warning("%s", error)

    async def stand(self, kind: str, message: JsonObject) -> None:
        """Like `tell`, and whoever starts later is told, too: the newest message of this kind."""
        self._standing[kind] = message
        await self.tell(message)

    async def _keep(self, worker: Worker) -> None:
        backoff = self._timing.first_backoff
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            status = await worker.wait()
            if self._ended is not None and worker.last_pid is not None:
                self._ended(worker.last_pid)
            if clock() - started > self._timing.stable:
                backoff = self._timing.first_backoff
            LOG.warning("%s ended with status %d; starting another", worker.name, status)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, self._timing.last_backoff)
            worker.restarts += 1
            try:
                await self._bring_up(worker)
            except WorkerFailedError as error:
                LOG.error("%s did not come back: %s", worker.name, error)  # noqa: TRY400
            await self._tell_of_change()

    async def _bring_up(self, worker: Worker) -> None:
        """Start a worker with what is in force, also when that changes while it starts."""
        given, standing = self._snapshot, dict(self._standing)
        await worker.start(given, *standing.values())
        while given is not self._snapshot or standing != self._standing:
            given, standing = self._snapshot, dict(self._standing)
            try:
                for message in (*standing.values(), given):
                    await worker.ask(message)
            except WorkerFailedError:
                worker.kill()
                raise

    async def _tell_of_change(self) -> None:
        if self._on_change is None:
            return
        try:
            await self._on_change()
        except Exception:  # the keeper of a worker must outlive whoever listens to it
            LOG.exception("a worker's restart could not be told")

    async def stop(self, seconds: float) -> None:
        """Drain all workers within `seconds`, then kill what is left."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(worker.stop(seconds) for worker in self._processes))
