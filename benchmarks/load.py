"""The load generator: keep-alive connections, one request at a time on each, no pipelining.

    python -m benchmarks.load < order.json > result.json

A process of its own, so that what it costs is nobody else's. It imports nothing of the project.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import Any, Final, cast

WARM_UP: Final = 0.2
"""Part of the time that is not counted: connections open, caches fill."""

PATIENCE: Final = 30.0
"""Seconds in which at least one answer must come, however short the load is."""

CHUNKED: Final = -2
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


class Connection(asyncio.Protocol):
    """Sends the request anew whenever its answer is complete."""

    def __init__(self, request: bytes, run: "Run") -> None:
        self._request = request
        self._run = run
        self._received = bytearray()
        self._missing = -1
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Collect an answer; once it is whole, note it and go on."""
        self._received += data
        if self._missing == -1 and not self._read_head():
            return
        if self._is_whole():
            self._run.note(time.perf_counter() - self._sent, bytes(self._received[9:12]))
            self._received.clear()
            self._missing = -1
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that the other side closed has failed."""
        del exc
        self._run.lost()

    def _send(self) -> None:
        if self._transport is not None and not self._run.over:
            self._run.sent += 1
            self._sent = time.perf_counter()
            self._transport.write(self._request)

    def _is_whole(self) -> bool:
        if self._missing == CHUNKED:
            return self._received.endswith(LAST_CHUNK)
        return len(self._received) >= self._missing

    def _read_head(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._received[:end]).lower()
        if b"transfer-encoding: chunked" in head:
            self._missing = CHUNKED
            return True
        _, found, rest = head.partition(b"content-length:")
        self._missing = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
        return True


class Run:
    """One measurement."""

    def __init__(self) -> None:
        self.over = False
        self.counting = False
        self.latencies: list[float] = []
        self.errors = 0
        self.sent = 0
        self.answered = asyncio.Event()

    def note(self, seconds: float, status: bytes) -> None:
        """An answer came."""
        if self.counting:
            self.latencies.append(seconds)
            self.errors += status != b"200"
            self.answered.set()

    def lost(self) -> None:
        """A connection is gone."""
        if not self.over:
            self.errors += 1
            self.answered.set()


async def measure(order: dict[str, Any]) -> dict[str, float]:
    """Load `order["port"]` for `order["seconds"]`; latencies are in milliseconds."""
    run = Run()
    request = str(order["request"]).encode("latin-1")
    loop = asyncio.get_running_loop()
    connections = [
        await loop.create_connection(
            lambda: Connection(request, run), "127.0.0.1", int(order["port"])
        )
        for _ in range(int(order["connections"]))
    ]
    seconds = float(order["seconds"])
    await asyncio.sleep(seconds * WARM_UP)
    run.counting, started = True, time.perf_counter()
    await asyncio.sleep(seconds * (1 - WARM_UP))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(run.answered.wait(), PATIENCE)
    run.counting, spent = False, time.perf_counter() - started
    run.over = True
    for transport, _ in connections:
        transport.close()
    found = sorted(run.latencies) or [0.0]
    return {
        "requests": len(run.latencies),
        "sent": run.sent,
        "seconds": spent,
        "p50_ms": found[len(found) // 2] * 1000,
        "p99_ms": found[min(len(found) - 1, len(found) * 99 // 100)] * 1000,
        "errors": run.errors,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(measure(json.load(sys.stdin))), sys.stdout)
