"""What Guardrails add through the real Envoy: by size, streamed and not, and for a single delta."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.cells import Cell, Progress, Sample, p50, p99, rate, take_turns
from benchmarks.contenders import ALONE, GATEHOUSE, Contender, of_route, running_gateway
from benchmarks.corpus import api_key, corpus
from benchmarks.envoys import forwarding_envoy
from benchmarks.generator import Generator as Generate
from benchmarks.guardrails.answering import event_count
from benchmarks.guardrails.documents import compiled, guardrail
from benchmarks.guardrails.prose import english
from benchmarks.guardrails.subject import Options, database_cache
from benchmarks.spread import Spread
from gateway.supervisor.tether import tethered
from tests.support.gatehouse import Gateway, gateway_config, policy
from tests.support.ports import free_port
from tests.support.processes import running

SIZES: Final = (1_000, 8_000, 64_000)
SHORT: Final = 200
"""Characters of a prompt where the answer is measured, and of an answer where the prompt is."""

DELTA: Final = 5
"""Characters of a delta where single deltas are measured."""

LARGE_DELTA: Final = 40
"""The same where whole streams are, or else there would be nothing but events."""

PACED_LENGTH: Final = 1_000
DELTAS_A_SECOND: Final = 50
PROMPT: Final = "prompt"
WHOLE: Final = "answer in JSON"
STREAM: Final = f"answer as a stream, {LARGE_DELTA} characters a delta"
PACED: Final = f"stream one by one, {DELTA} characters a delta"

PATH: Final = "/chat/completions"
OFF: Final = f"{GATEHOUSE}, usage: off"
READ: Final = f"{GATEHOUSE}, usage: all"
GUARDED: Final = f"{GATEHOUSE}, Guardrail"
SCORED: Final = f"{GATEHOUSE}, Guardrail with scorer"
_ROUTES: Final = {OFF: "off", READ: "all", GUARDED: "off", SCORED: "off"}
"""By contender, what `usage` of its route is."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A chat completion with a prompt of so many characters of English."""

    model: str
    prompt: int
    events: int = 0

    @property
    def body(self) -> bytes:
        """The body."""
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": english(self.prompt, 3)},
            ],
        }
        if self.events:
            asked["stream"] = True
        return json.dumps(asked, separators=(",", ":")).encode()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the OpenAI SDK sends of what matters."""
        return (
            ("content-type", "application/json"),
            ("accept", "text/event-stream" if self.events else "application/json"),
            ("authorization", f"Bearer {api_key(0)}"),
        )

    def answered(self, body: bytes) -> bool:
        """Whether the answer is whole."""
        if self.events:
            return body.endswith(b"data: [DONE]\n\n")
        return bool(json.loads(body)["choices"])


@dataclass(frozen=True, slots=True)
class Load:
    """How long and how much. `sizes` are of prompts and answers, none for neither; `many` are the
    connections with streams one by one, 0 for none of those."""

    rounds: int
    seconds: float
    sizes: Sequence[int] = SIZES
    many: int = 32
    paced: int = PACED_LENGTH


def measure(
    chosen: Mapping[str, Options], generate: Generate, progress: Progress, load: Load
) -> list[Cell]:
    """Prompts and answers of every size on one connection, then streams one by one, of which each
    delta is a message of its own. Contenders take turns."""
    with _everybody(chosen, progress) as (everybody, written):
        calls = [(PROMPT, ChatCall(f"whole-{SHORT}", size)) for size in load.sizes]
        calls += [(WHOLE, ChatCall(f"whole-{size}", SHORT)) for size in load.sizes]
        calls += [(STREAM, _streamed("stream", size, LARGE_DELTA)) for size in load.sizes]
        cells = [
            Cell(f"{bench}, {_size(bench, call)}", contender, call, 1)
            for bench, call in calls
            for contender in everybody
        ]
        if load.many:
            call = _streamed("paced", load.paced, DELTA)
            cells += [Cell(PACED, one, call, load.many, written) for one in everybody]
        take_turns(cells, generate, progress, rounds=load.rounds, seconds=load.seconds)
    return cells


def _streamed(kind: str, length: int, delta: int) -> ChatCall:
    return ChatCall(f"{kind}-{length}-{delta}", SHORT, event_count(length, delta))


def _size(bench: str, call: ChatCall) -> str:
    size = call.prompt if bench == PROMPT else int(call.model.split("-")[1])
    return f"{size // 1_000} kB"


@contextlib.contextmanager
def _everybody(
    chosen: Mapping[str, Options], progress: Progress
) -> Generator[tuple[list[Contender], str]]:
    progress("starting the gateway; patterns that are not kept yet are compiled, half a minute")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(_upstream())
        pid, (forwarding,) = stack.enter_context(forwarding_envoy(folder, (port,)))
        gateway = stack.enter_context(_gatehouse(folder / "gatehouse", port, chosen))
        everybody = [Contender(ALONE, 0, 0, forwarding, "/v1" + PATH, pid)]
        everybody += [of_route(name, gateway, _route(name), below=PATH) for name in _ROUTES]
        yield everybody, f"http://127.0.0.1:{port}/written"


@contextlib.contextmanager
def _upstream() -> Generator[int]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.guardrails.answering", "--port", str(port)]
    with running(tethered(command)) as process:
        process.wait_for_port(port)
        yield port


@contextlib.contextmanager
def _gatehouse(folder: Path, port: int, chosen: Mapping[str, Options]) -> Generator[Gateway]:
    folder.mkdir()
    routes = [
        {
            "name": _route(name),
            "path": f"/{_route(name)}",
            "protocol": "openai",
            "backend": "models",
            "usage": usage,
        }
        for name, usage in _ROUTES.items()
    ]
    config = gateway_config({}, folder, routes=routes, identity={"keys": corpus(1).keys})
    backend = {"name": "models", "endpoints": [f"127.0.0.1:{port}"], "path": "/v1"}
    guardrails = [
        guardrail(_route(GUARDED), chosen, _route(GUARDED)),
        guardrail(_route(SCORED), {**chosen, "jailbreak": {"scorer": True}}, _route(SCORED)),
    ]
    # A gateway that has to compile all patterns on a busy machine is not ready in time.
    compiled(guardrails, database_cache("gatehouse"))
    documents = [policy("models", "models", {"name": "all", "effect": "allow"}), *guardrails]
    with running_gateway(folder, {**config, "backends": [backend]}, documents) as gateway:
        yield gateway


def _route(contender: str) -> str:
    return contender.removeprefix(f"{GATEHOUSE}, ").lower().replace(": ", "-").replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Row:
    """A contender under one load. Latencies are in milliseconds, CPU time in microseconds of a
    request, or of an event where the answer is a stream one by one. `added` and `ratio` compare
    the median latency, and `worker_added` the worker's CPU time, with those of Gatehouse without
    Guardrails in the same rounds."""

    bench: str
    contender: str
    requests_per_second: Spread
    p50_ms: Spread
    p99_ms: Spread
    added_ms: Spread
    ratio: Spread
    worker_us: Spread
    worker_added_us: Spread
    envoy_us: Spread
    messages: Spread

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def rows(cells: Sequence[Cell]) -> list[Row]:
    """What was seen, cell by cell."""
    return [_row(cell, _beside(cells, cell)) for cell in cells]


def _beside(cells: Sequence[Cell], cell: Cell) -> Cell:
    return next(one for one in cells if one.bench == cell.bench and one.contender.name == OFF)


def _row(cell: Cell, base: Cell) -> Row:
    each = cell.call.events if cell.bench == PACED else 1

    def worker(sample: Sample) -> float:
        return sample.worker_us / each

    def envoy(sample: Sample) -> float:
        return sample.envoy_us / each

    return Row(
        cell.bench,
        cell.contender.name,
        cell.spread(rate),
        cell.spread(p50),
        cell.spread(p99),
        cell.against(base, p50, ratio=False),
        cell.against(base, p50, ratio=True),
        cell.spread(worker),
        cell.against(base, worker, ratio=False),
        cell.spread(envoy),
        cell.spread(lambda sample: sample.messages),
    )


def streams_a_core(row: Row) -> float:
    """Streams of 50 deltas a second that one core carries, the gateway's part and Envoy's: the
    upstream and the client need theirs beside it."""
    spent = row.worker_us.median + row.envoy_us.median
    return 1e6 / (spent * DELTAS_A_SECOND) if spent else 0.0
