"""The upstream of streams: a server that writes each event by itself, at once or at a pace.

    python -m benchmarks.streaming --port PORT

It answers every POST with a stream of chat chunks: at once, or one every `PACE` seconds where the
body names the paced model, since of those that come at once a proxy reads several in one piece. GET
says how many events it has written.
"""

import argparse
import asyncio
import re
from collections.abc import Iterator
from typing import Final, cast

from benchmarks.chat import PACED, STREAM, events

PACE: Final = 0.005
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def chunks(model: str) -> tuple[bytes, ...]:
    """The events of a stream in chunks of HTTP/1.1, the last with the end of the body."""
    framed = [b"%x\r\n%b\r\n" % (len(event), event) for event in events(model)]
    return (*framed[:-1], framed[-1] + b"0\r\n\r\n")


class Server:
    """What connections share."""

    def __init__(self) -> None:
        self.at_once = chunks(STREAM)
        self.paced = chunks(PACED)
        self.written = 0


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
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
        self._answer(asked)

    def _answer(self, asked: bytes) -> None:
        if self._transport is None:
            return
        if asked.startswith(b"GET "):
            said = b"%d" % self._server.written
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said))
            self._transport.write(said)
            return
        self._transport.write(HEAD)
        if PACED.encode() in asked:
            self._write_next(iter(self._server.paced))
            return
        for chunk in self._server.at_once:
            self._transport.write(chunk)
        self._server.written += len(self._server.at_once)

    def _write_next(self, left: Iterator[bytes]) -> None:
        chunk = next(left, None)
        if chunk is None or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(chunk)
        self._server.written += 1
        asyncio.get_running_loop().call_later(PACE, self._write_next, left)


async def serve(port: int) -> None:
    """Serve on loopback until the process is ended."""
    server = Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="streaming")
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
