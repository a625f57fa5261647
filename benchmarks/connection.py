"""A connection of an upstream that a benchmark asks: one request at a time, over HTTP/1.1."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final, cast

PACE: Final = 0.005
"""Seconds between two events of a stream at a pace."""

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Written:
    """How many events all connections of a server have written."""

    count = 0


class Connection(asyncio.Protocol, ABC):
    """Answers each request when it is whole."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        found = LENGTH.search(self._received, 0, head + 2) if head >= 0 else None
        if head < 0 or len(self._received) < head + 4 + int(found[1] if found else 0):
            return
        asked = bytes(self._received)
        self._received.clear()
        if self._transport is not None:
            self._answer(asked, self._transport)

    @abstractmethod
    def _answer(self, asked: bytes, transport: asyncio.Transport) -> None:
        """Write the answer to a request, which is given with its head."""

    def _write_paced(self, left: Iterator[bytes]) -> None:
        """Write the events that are left, one every `PACE` seconds."""
        chunk = next(left, None)
        if chunk is None or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(chunk)
        self._written.count += 1
        asyncio.get_running_loop().call_later(PACE, self._write_paced, left)
