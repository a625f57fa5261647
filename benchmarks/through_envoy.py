"""The matrix of contenders, connections and body sizes, in rounds that take turns."""

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.contenders import Contender, contenders
from benchmarks.generator import Generator, Load
from benchmarks.machine import cpu_seconds, rss_mib
from benchmarks.messages import KILOBYTE
from benchmarks.spread import Spread

BODIES: Final = (KILOBYTE, 100 * KILOBYTE)
CONNECTIONS: Final = (1, 32)
SIZES: Final = (1, 100, 1000)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell in one round. CPU is in microseconds a request, `rss` in MiB."""

    load: Load
    worker_us: float
    envoy_us: float
    rss: float
    messages: float


@dataclass(slots=True)
class Cell:
    """One contender under one load, over all rounds."""

    contender: Contender
    body: int
    connections: int
    samples: list[Sample] = field(default_factory=list[Sample])

    def spread(self, figure: Callable[[Sample], float]) -> Spread:
        """A figure over the rounds."""
        return Spread.of([figure(sample) for sample in self.samples])

    def against(self, other: "Cell", figure: Callable[[Sample], float], *, ratio: bool) -> Spread:
        """A figure compared with another cell's, round by round."""
        values = [figure(sample) for sample in self.samples]
        bases = [figure(sample) for sample in other.samples]
        return Spread.of_pairs(values, bases, ratio=ratio)


def rate(sample: Sample) -> float:
    """Requests per second."""
    return sample.load.rate


def p50(sample: Sample) -> float:
    """Median latency in milliseconds."""
    return sample.load.p50_ms


def p99(sample: Sample) -> float:
    """99th percentile of latency in milliseconds."""
    return sample.load.p99_ms


def measure(  # noqa: PLR0913  each is an option of the command line
    generate: Generator,
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
    sizes: Sequence[int] = SIZES,
    bodies: Sequence[int] = BODIES,
) -> list[Cell]:
    """Every cell, measured `rounds` times for `seconds` each."""
    progress("starting every contender")
    with tempfile.TemporaryDirectory() as name, contenders(Path(name), sizes) as everybody:
        # Contenders are innermost: those that are compared run next to one another in time.
        cells = [
            Cell(contender, body, connections)
            for body, connections in itertools.product(bodies, CONNECTIONS)
            for contender in everybody
        ]
        for contender, body in itertools.product(everybody, bodies):
            contender.check(body)
        for number in range(rounds):
            for index, cell in enumerate(cells):
                place = f"round {number + 1}/{rounds}, cell {index + 1}/{len(cells)}"
                progress(f"{place}: {cell.contender.name}, {cell.contender.policies} policies")
                cell.samples.append(_sample(cell, generate, seconds))
    return cells


def _sample(cell: Cell, generate: Generator, seconds: float) -> Sample:
    contender = cell.contender
    pids = [contender.envoy, *([contender.worker] if contender.worker else [])]
    before, sent = [cpu_seconds(pid) for pid in pids], contender.messages()
    load = generate(
        contender.port, contender.path, contender.call(cell.body), cell.connections, seconds
    )
    if load.errors or not load.requests:
        raise RuntimeError(f"{contender.name}: {load.errors} of {load.requests} failed")
    spent = [cpu_seconds(pid) - at for pid, at in zip(pids, before, strict=True)]
    messages = contender.messages() - sent
    return Sample(
        load,
        worker_us=spent[1] / load.sent * 1e6 if contender.worker else 0.0,
        envoy_us=spent[0] / load.sent * 1e6,
        rss=rss_mib(contender.worker or contender.envoy),
        messages=messages / load.sent,
    )
