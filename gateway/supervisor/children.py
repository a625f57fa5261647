"""Programs that run beside the gateway in `gatehouse up`: demo upstreams."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from gateway.supervisor.options import Child
from gateway.supervisor.tether import tethered

STOP_SECONDS: Final = 3.0


class ChildFailedError(Exception):
    """A program could not be started."""


class Children:
    """Starts programs, each in a process group of its own, and ends them all."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._running: list[tuple[Child, asyncio.subprocess.Process]] = []

    @property
    def pids(self) -> dict[str, int]:
        """Name -> process id of what runs."""
        return {child.name: process.pid for child, process in self._running}

    async def start(self) -> None:
        """Start all. Raises `ChildFailedError`."""
        for child in self._children:
            try:
                process = await asyncio.create_subprocess_exec(
                    *tethered(child.command),
                    stdout=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                raise ChildFailedError(f"{child.name}: {error}") from error
            self._running.append((child, process))

    async def watch_over(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for `work`, unless one of the programs ends first. Raises `ChildFailedError`."""
        working = asyncio.ensure_future(work)
        ends = {
            asyncio.ensure_future(process.wait()): child.name for child, process in self._running
        }
        try:
            await asyncio.wait((working, *ends), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return
            name, status = next((name, end.result()) for end, name in ends.items() if end.done())
            raise ChildFailedError(f"{name} ended with status {status}")
        finally:
            for task in (working, *ends):
                task.cancel()
            await asyncio.gather(working, *ends, return_exceptions=True)

    async def stop(self) -> None:
        """End all, and kill what does not end."""
        for _, process in self._running:
            _signal_group(process, signal.SIGTERM)
        for _, process in self._running:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                _signal_group(process, signal.SIGKILL)
                await process.wait()
        self._running.clear()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
