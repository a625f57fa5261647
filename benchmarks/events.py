"""What reading one event of a stream costs, in this process: the reader alone, and all of a worker
but gRPC."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from benchmarks import chat
from benchmarks.chat import ChatCall
from benchmarks.inprocess import InProcess, best_served, compiled, worker_with
from benchmarks.messages import answer_messages, ext_proc_messages
from benchmarks.micro import Figure, Progress, best_of
from benchmarks.protocols import Ports, configuration, policies
from benchmarks.spread import Spread
from gateway.pipeline.snapshot import Snapshot
from gateway.protocols.anthropic import reading as anthropic
from gateway.protocols.base import Reading, ResponseReader
from gateway.protocols.openai import reading as openai
from gateway.wire import strictjson

LIMIT: Final = 4 * 1024 * 1024
EVENT_STREAM: Final = "text/event-stream"
ROUTE: Final = "stream-all"
CHUNK: Final = 1


def events(progress: Progress, *, rounds: int, seconds: float) -> list[Figure]:
    """CPU time of one event, in streams of 200."""
    progress("events: the readers")
    found = [
        _figure("reader of chat chunks", chat.events(), _openai, rounds, seconds),
        _figure("reader of Anthropic's events", anthropic_events(), _anthropic, rounds, seconds),
    ]
    progress("events: a worker without gRPC")
    with worker_with(_snapshot()) as worker:
        found.append(asyncio.run(_of_worker(worker, rounds, seconds)))
    return found


def anthropic_events() -> Sequence[bytes]:
    """A stream of the same length in Anthropic's form."""
    usage: strictjson.JsonValue = {"input_tokens": 140, "output_tokens": 1}
    start: strictjson.JsonValue = {"id": "msg_bench", "role": "assistant", "usage": usage}
    delta: strictjson.JsonValue = {"type": "text_delta", "text": "done "}
    ended: strictjson.JsonValue = {"stop_reason": "end_turn", "stop_sequence": None}
    block: strictjson.JsonValue = {"type": "text", "text": ""}
    first = [
        _event("message_start", {"message": start}),
        _event("content_block_start", {"index": 0, "content_block": block}),
    ]
    last = [
        _event("content_block_stop", {"index": 0}),
        _event("message_delta", {"delta": ended, "usage": {"output_tokens": 197}}),
        _event("message_stop", {}),
    ]
    between = chat.EVENTS - len(first) - len(last)
    return (*first, *[_event("content_block_delta", {"index": 0, "delta": delta})] * between, *last)


def _event(name: str, data: dict[str, strictjson.JsonValue]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), strictjson.dumps({"type": name, **data}))


def _figure(
    name: str,
    stream: Sequence[bytes],
    open_reader: Callable[[], ResponseReader],
    rounds: int,
    seconds: float,
) -> Figure:
    def read() -> None:
        reader = open_reader()
        passed = sum(len(reader.feed(event)) for event in stream) + len(reader.finish())
        if reader.usage is None or passed != sum(map(len, stream)):
            raise RuntimeError(f"{name}: the stream was not read")

    bests = [best_of(read, seconds, CHUNK) / len(stream) for _ in range(rounds)]
    return Figure(f"an event, {name}", "µs", Spread.of(bests))


def _reading() -> Reading:
    return Reading(shows=lambda _method, _item: True, limit=LIMIT)


def _openai() -> ResponseReader:
    return openai.usage_reader(EVENT_STREAM, _reading(), strips=False, named_events=False)


def _anthropic() -> ResponseReader:
    return anthropic.usage_reader(EVENT_STREAM, _reading())


async def _of_worker(worker: InProcess, rounds: int, seconds: float) -> Figure:
    """The difference between a stream of all events and one of none, an event."""
    call = ChatCall(chat.STREAM)
    asked = ext_proc_messages(call, f"/{ROUTE}{chat.PATH}", f"openai:{ROUTE}@streams")
    full = (*asked, *answer_messages(EVENT_STREAM, chat.events()))
    empty = (*asked, *answer_messages(EVENT_STREAM, ()))
    written = await worker.serve(full)
    if len(written) != len(full):
        raise RuntimeError("the worker did not read the stream")
    bests: list[float] = []
    for _ in range(rounds):
        longest = await best_served(worker, full, seconds, CHUNK)
        least = await best_served(worker, empty, seconds, CHUNK)
        bests.append((longest - least) / chat.EVENTS)
    await worker.close()
    return Figure("an event, worker without gRPC", "µs", Spread.of(bests))


@cache
def _snapshot() -> Snapshot:
    nowhere = Ports(9, 9, 0, 9, 9)
    return compiled(policies(), lambda folder: configuration(folder, nowhere))
