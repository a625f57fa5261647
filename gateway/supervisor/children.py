"""Programs that run beside the gateway in `gatehouse up`: demo upstreams."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Final

from gateway.supervisor.options import Child

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
                    *child.command, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
                )
            except OSError as error:
                raise ChildFailedError(f"{child.name}: {error}") from error
            self._running.append((child, process))

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
