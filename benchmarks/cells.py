"""One contender under one load, measured in rounds that take turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from benchmarks.contenders import Contender
from benchmarks.generator import Generator, Load
from benchmarks.machine import cpu_seconds, rss_mib
from benchmarks.messages import Request
from benchmarks.spread import Spread

CHECK_SECONDS = 30.0
LONGEST_SECONDS = 30.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell in one round. CPU is in microseconds a request, `rss` in MiB of the process that
    judges (of Envoy where nobody does), `rss_all` of all that the contender consists of."""

    load: Load
    worker_us: float
    envoy_us: float
    rss: float
    rss_all: float
    messages: float


@dataclass(slots=True)
class Cell:
    """One contender under one load, over all rounds.

    `bench` names the table that it belongs to. `written` is a URL that says how many events the
    upstream of a stream has written so far: what is cut off at the end of a load costs CPU too.
    """

    bench: str
    contender: Contender
    call: Request
    connections: int
    written: str | None = None
    samples: list[Sample] = field(default_factory=list[Sample])

    @property
    def load(self) -> tuple[str, int, int]:
        """What cells that can be compared have in common: the bench, the size of the body in
        bytes, the connections."""
        return self.bench, len(self.call.body), self.connections

    def spread(self, figure: Callable[[Sample], float]) -> Spread:
        """A figure over the rounds."""
        return Spread.of([figure(sample) for sample in self.samples])

    def against(self, other: "Cell", figure: Callable[[Sample], float], *, ratio: bool) -> Spread:
        """A figure compared with another cell's, round by round."""
        values = [figure(sample) for sample in self.samples]
        bases = [figure(sample) for sample in other.samples]
        return Spread.of_pairs(values, bases, ratio=ratio)

    def check(self) -> None:
        """Nothing is measured that does not work. Raises `RuntimeError`."""
        contender = self.contender
        answer = httpx.post(
            f"http://127.0.0.1:{contender.port}{contender.path}",
            content=self.call.body,
            headers=dict(self.call.headers),
            timeout=CHECK_SECONDS,
        )
        if not answer.is_success or not self.call.answered(answer.content):
            raise RuntimeError(f"{contender.name}: {answer.status_code} {answer.text[:200]}")


def rate(sample: Sample) -> float:
    """Requests per second."""
    return sample.load.rate


def p50(sample: Sample) -> float:
    """Median latency in milliseconds."""
    return sample.load.p50_ms


def p99(sample: Sample) -> float:
    """99th percentile of latency in milliseconds."""
    return sample.load.p99_ms


def take_turns(
    cells: Sequence[Cell], generate: Generator, progress: Progress, *, rounds: int, seconds: float
) -> None:
    """Measure every cell `rounds` times for `seconds` each. Those that are compared are neighbours
    in `cells`, hence in time."""
    for cell in cells:
        cell.check()
    for number in range(rounds):
        for index, cell in enumerate(cells):
            place = f"{cell.bench}, round {number + 1}/{rounds}, cell {index + 1}/{len(cells)}"
            progress(f"{place}: {cell.contender.name}")
            cell.samples.append(_sample(cell, generate, seconds))


def _sample(cell: Cell, generate: Generator, seconds: float) -> Sample:
    contender = cell.contender
    before, events, sent = _cpu(contender), _written(cell), contender.messages()
    load = generate(contender.port, contender.path, cell.call, cell.connections, seconds)
    if not (load.errors or load.requests) and seconds < LONGEST_SECONDS:
        return _sample(cell, generate, seconds * 4)  # slower than anybody thought
    if load.errors or not load.requests:
        raise RuntimeError(f"{contender.name}: {load.errors} of {load.requests} failed")
    served = (_written(cell) - events) / cell.call.events if cell.written else float(load.sent)
    worker, envoy = (
        (after - at) / served * 1e6 for after, at in zip(_cpu(contender), before, strict=True)
    )
    judging = contender.worker or contender.envoy
    return Sample(
        load,
        worker_us=worker,
        envoy_us=envoy,
        rss=rss_mib(judging) if judging else 0.0,
        rss_all=sum(rss_mib(pid) for pid in contender.pids),
        messages=(contender.messages() - sent) / served,
    )


def _cpu(contender: Contender) -> tuple[float, float]:
    pids = (contender.worker, contender.envoy)
    worker, envoy = (cpu_seconds(pid) if pid else 0.0 for pid in pids)
    return worker, envoy


def _written(cell: Cell) -> int:
    return int(httpx.get(cell.written).text) if cell.written else 0
