"""Audit records as JSON lines to a file or stdout.

The lines of several workers never mix: a batch is one write to a descriptor opened for appending,
and where that is a pipe, writes are no longer than what the system writes as one. Writing happens
in a thread: a slow disk must not stall the event loop.
"""

import asyncio
import json
import logging
import os
import select
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final

import orjson

from gateway.model.jsonvalue import JsonObject

LOG: Final = logging.getLogger("gatehouse.audit")
FLUSH_SECONDS: Final = 0.02
QUEUE_LIMIT: Final = 50_000
"""Records held for a disk that does not keep up; later ones are counted as lost."""


class AuditFile:
    """The sink of one worker. `path` "-" is stdout; `on_lost` is told how many were dropped, of
    more than `queue_limit` that wait, or that could not be written. Raises `OSError`."""

    holds: ClassVar = "audit records"

    def __init__(
        self, path: str, on_lost: Callable[[int], None], *, queue_limit: int = QUEUE_LIMIT
    ) -> None:
        self._fd = 1 if path == "-" else _open(path)
        is_file = stat.S_ISREG(os.fstat(self._fd).st_mode)
        self._write_limit = None if is_file else select.PIPE_BUF
        self._lines: list[bytes] = []
        self._waiting = 0
        self._queue_limit = queue_limit
        self._on_lost = on_lost
        self._flushing: asyncio.Task[None] | None = None
        self._torn = False
        self._closed = False

    def write(self, record: JsonObject) -> None:
        """Queue a record; it is on its way to the file within 20 ms."""
        if self._closed or self._waiting >= self._queue_limit:
            self._on_lost(1)
            return
        self._lines.append(line_of(record))
        self._waiting += 1
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush_soon())

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            while self._lines:
                await self._write_out()
        finally:
            self._flushing = None

    async def _write_out(self) -> None:
        lines, self._lines = self._lines, []
        try:
            lost = await asyncio.to_thread(self._write_all, lines)
        finally:
            self._waiting -= len(lines)
        if lost:
            self._on_lost(lost)

    def _write_all(self, lines: Sequence[bytes]) -> int:
        """Write as much as the disk takes. Returns how many records are lost."""
        left = len(lines)
        for piece in _pieces(lines, self._write_limit):
            # A line that a full disk cut off must not swallow the next one.
            data = memoryview(b"\n" + piece if self._torn else piece)
            try:
                while data:
                    data = data[os.write(self._fd, data) :]
                    self._torn = bool(data)
            except OSError:
                LOG.exception("%d %s could not be written", left, self.holds)
                return left
            left -= piece.count(b"\n")
        return 0

    async def close(self) -> None:
        """Write what is queued; later records are lost."""
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        while self._lines:
            await self._write_out()
        if self._fd > 1:
            os.close(self._fd)
            self._fd = -1


def line_of(record: JsonObject) -> bytes:
    """A record as a line in UTF-8. Names are as their senders chose them: half of a surrogate pair
    has no UTF-8, and is written as its escape."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return json.dumps(record).encode("ascii") + b"\n"


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)


def _pieces(lines: Sequence[bytes], limit: int | None) -> Iterator[bytes]:
    """Whole lines joined into writes of at most `limit` bytes; a longer line goes alone."""
    if limit is None:
        yield b"".join(lines)
        return
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) > limit:
            yield piece
            piece = b""
        piece += line
    yield piece
