"""Many model servers in one process, which answer every request at once.

    python -m benchmarks.model_servers --port PORT --count N

Each has a loopback address of its own (127.1.0.1, 127.1.0.2, ...) and the same port.
"""

import argparse
import asyncio
import re
from typing import Final, cast

from benchmarks.chat import answer

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_PER_NET: Final = 250


def addresses(count: int, port: int) -> list[str]:
    """ "ip:port" of each."""
    return [f"127.1.{n // _PER_NET}.{n % _PER_NET + 1}:{port}" for n in range(count)]


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._received = bytearray()
        self._missing = -1
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        if self._missing < 0:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            found = LENGTH.search(self._received, 0, head + 2)
            self._missing = head + 4 + int(found[1] if found else 0)
        if len(self._received) >= self._missing and self._transport is not None:
            self._received.clear()
            self._missing = -1
            self._transport.write(self._answer)


async def serve(port: int, count: int) -> None:
    """Serve until the process is ended."""
    body = answer()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    whole = head.encode() + body
    loop = asyncio.get_running_loop()
    hosts = [address.rpartition(":")[0] for address in addresses(count, port)]
    listening = await loop.create_server(
        lambda: Connection(whole), ["127.0.0.1", *hosts], port, backlog=128
    )
    await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="model_servers")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.count))
