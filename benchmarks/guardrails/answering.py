"""The upstream of chat completions whose answers have the length that their model is called by.

    python -m benchmarks.guardrails.answering --port PORT

The model `whole-8000` answers with 8,000 characters of English in JSON, `stream-8000-40` with the
same as a stream of deltas of 40 characters that come at once, `paced-1000-5` with deltas of 5 that
come one every `PACE` seconds. GET says how many events were written.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

from benchmarks.guardrails.prose import english

PACE: Final = 0.005
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
MODEL: Final = re.compile(rb'"model": ?"(whole|stream|paced)-(\d+)(?:-(\d+))?"')
_EVENTS: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def event_count(length: int, delta: int) -> int:
    """Events of a stream: its deltas, the first, the one that says why it ends, and the last."""
    return -(-length // delta) + 3


@cache
def whole(length: int) -> bytes:
    """An answer in JSON."""
    message = {"role": "assistant", "content": english(length, 2), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return json.dumps(_described("chat.completion", choice)).encode()


@cache
def events(length: int, delta: int) -> tuple[bytes, ...]:
    """The events of a stream, each as a chunk of HTTP/1.1, the last with the end of the body."""
    text = english(length, 2)
    choices = [_choice({"role": "assistant", "content": ""})]
    choices += [_choice({"content": text[at : at + delta]}) for at in range(0, length, delta)]
    choices += [_choice({}, "stop")]
    lines = [json.dumps(_described("chat.completion.chunk", one)).encode() for one in choices]
    framed = [b"data: " + line + b"\n\n" for line in (*lines, b"[DONE]")]
    chunks = [b"%x\r\n%b\r\n" % (len(one), one) for one in framed]
    return (*chunks[:-1], chunks[-1] + b"0\r\n\r\n")


def _described(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    told = {"id": "chatcmpl-bench", "object": kind, "created": 1_767_225_600, "model": "bench"}
    return {**told, "choices": [choice]}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


class Written:
    """How many events all connections have written."""

    count = 0


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

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
        self._answer(asked)

    def _answer(self, asked: bytes) -> None:
        model = MODEL.search(asked)
        if self._transport is None:
            return
        if model is None:  # a GET, or a check of health
            said = b"%d" % self._written.count
            self._transport.write(_JSON % len(said) + said)
            return
        kind, length, delta = model[1], int(model[2]), int(model[3] or 0)
        if kind == b"whole":
            self._transport.write(_JSON % len(whole(length)) + whole(length))
            return
        self._transport.write(_EVENTS)
        chunks = events(length, delta)
        if kind == b"paced":
            self._write_next(iter(chunks))
            return
        self._transport.writelines(chunks)
        self._written.count += len(chunks)

    def _write_next(self, left: Iterator[bytes]) -> None:
        chunk = next(left, None)
        if chunk is None or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(chunk)
        self._written.count += 1
        asyncio.get_running_loop().call_later(PACE, self._write_next, left)


async def serve(port: int) -> None:
    """Serve on loopback until the process is ended."""
    written = Written()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(written), "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="answering")
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
