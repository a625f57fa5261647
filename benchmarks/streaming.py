"""The upstream of streams: a server that writes each event by itself, at once or at a pace.

    python -m benchmarks.streaming --port PORT

It answers every POST with a stream of chat chunks: at once, or one every `PACE` seconds where the
body names the paced model, since of those that come at once a proxy reads several in one piece. GET
says how many events it has written.
"""

import argparse
import asyncio
from typing import Final

from benchmarks.chat import PACED, STREAM, events
from benchmarks.connection import Connection, Written

HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def chunks(model: str) -> tuple[bytes, ...]:
    """The events of a stream in chunks of HTTP/1.1, the last with the end of the body."""
    framed = [b"%x\r\n%b\r\n" % (len(event), event) for event in events(model)]
    return (*framed[:-1], framed[-1] + b"0\r\n\r\n")


CHUNKS: Final = chunks(STREAM)
PACED_CHUNKS: Final = chunks(PACED)


class Streams(Connection):
    """Answers by the model that the body names."""

    def _answer(self, asked: bytes, transport: asyncio.Transport) -> None:
        if asked.startswith(b"GET "):
            said = b"%d" % self._written.count
            transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said)
            return
        transport.write(HEAD)
        if PACED.encode() in asked:
            self._write_paced(iter(PACED_CHUNKS))
            return
        for chunk in CHUNKS:
            transport.write(chunk)
        self._written.count += len(CHUNKS)


async def serve(port: int) -> None:
    """Serve on loopback until the process is ended."""
    written = Written()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Streams(written), "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="streaming")
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
