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
from functools import cache
from typing import Any, Final

from benchmarks.connection import Connection, Written
from benchmarks.guardrails.prose import english

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


class Answers(Connection):
    """Answers by the model that the body names."""

    def _answer(self, asked: bytes, transport: asyncio.Transport) -> None:
        model = MODEL.search(asked)
        if model is None:  # a GET, or a check of health
            said = b"%d" % self._written.count
            transport.write(_JSON % len(said) + said)
            return
        kind, length, delta = model[1], int(model[2]), int(model[3] or 0)
        if kind == b"whole":
            transport.write(_JSON % len(whole(length)) + whole(length))
            return
        transport.write(_EVENTS)
        chunks = events(length, delta)
        if kind == b"paced":
            self._write_paced(iter(chunks))
            return
        transport.writelines(chunks)
        self._written.count += len(chunks)


async def serve(port: int) -> None:
    """Serve on loopback until the process is ended."""
    written = Written()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Answers(written), "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="answering")
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))
