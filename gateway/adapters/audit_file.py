"""Audit records as JSON lines to a file or stdout.

Each batch is one write to a descriptor opened for appending, so that the lines of several workers
never mix. Writing happens in a thread: a slow disk must not stall the event loop.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from typing import Final

from gateway.model.jsonvalue import JsonObject

LOG: Final = logging.getLogger("gatehouse.audit")
FLUSH_SECONDS: Final = 0.02
QUEUE_LIMIT: Final = 50_000
"""Records held for a disk that does not keep up; later ones are counted as lost."""


class AuditFile:
    """The sink of one worker. `path` "-" is stdout; `on_lost` is told how many were dropped."""

    def __init__(self, path: str, on_lost: Callable[[int], None]) -> None:
        self._fd = (
            1 if path == "-" else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        )
        self._lines: list[str] = []
        self._on_lost = on_lost
        self._flushing: asyncio.Task[None] | None = None

    def write(self, record: JsonObject) -> None:
        """Queue a record; it is on its way to the file within 20 ms."""
        if len(self._lines) >= QUEUE_LIMIT:
            self._on_lost(1)
            return
        self._lines.append(json.dumps(record, ensure_ascii=False))
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush_soon())

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            while self._lines:
                lines, self._lines = self._lines, []
                await self._write_out(lines)
        finally:
            self._flushing = None

    async def _write_out(self, lines: list[str]) -> None:
        data = ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
        try:
            await asyncio.to_thread(_write_all, self._fd, data)
        except OSError:
            LOG.exception("%d audit records could not be written", len(lines))
            self._on_lost(len(lines))

    async def close(self) -> None:
        """Write what is queued."""
        if self._flushing is not None:
            await self._flushing
        if self._lines:
            lines, self._lines = self._lines, []
            await self._write_out(lines)
        if self._fd != 1:
            os.close(self._fd)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
