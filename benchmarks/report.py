"""What was measured, as JSON and as text, with the goals that it meets or misses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.cells import Cell, Sample, p50, p99, rate
from benchmarks.contenders import ALONE
from benchmarks.goals import Goal, goals
from benchmarks.machine import Machine
from benchmarks.messages import KILOBYTE
from benchmarks.micro import Figure
from benchmarks.soak import Soak


@dataclass(slots=True)
class Report:
    """Everything of one run."""

    machine: Machine
    generator: str
    rounds: int
    seconds: float
    figures: list[Figure] = field(default_factory=list[Figure])
    cells: list[Cell] = field(default_factory=list[Cell])
    soaks: list[Soak] = field(default_factory=list[Soak])

    def goals(self) -> list[Goal]:
        """The goals of which this run measured something."""
        return list(goals(self.figures, self.cells, self.soaks))

    def beside(self, cell: Cell, name: str) -> Cell:
        """The cell of another contender under the same load."""
        return next(
            one for one in self.cells if one.load == cell.load and one.contender.name == name
        )

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "machine": asdict(self.machine),
            "generator": self.generator,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "figures": [asdict(figure) for figure in self.figures],
            "cells": [self._cell(cell) for cell in self.cells],
            "soaks": [{**asdict(soak), "growth": soak.growth} for soak in self.soaks],
            "goals": [goal.document() for goal in self.goals()],
        }

    def _cell(self, cell: Cell) -> dict[str, Any]:
        figures: dict[str, Callable[[Sample], float]] = {
            "requests_per_second": rate,
            "p50_ms": p50,
            "p99_ms": p99,
            "worker_cpu_us": lambda sample: sample.worker_us,
            "envoy_cpu_us": lambda sample: sample.envoy_us,
            "rss_mib": lambda sample: sample.rss,
            "rss_all_mib": lambda sample: sample.rss_all,
            "messages": lambda sample: sample.messages,
        }
        alone = self.beside(cell, ALONE)
        return {
            "bench": cell.bench,
            "contender": cell.contender.name,
            "policies": cell.contender.policies,
            "can_match": cell.contender.width,
            "body_bytes": len(cell.call.body),
            "events": cell.call.events,
            "connections": cell.connections,
            **{name: asdict(cell.spread(figure)) for name, figure in figures.items()},
            "rate_to_envoy_alone": asdict(cell.against(alone, rate, ratio=True)),
            "added_p50_ms": asdict(cell.against(alone, p50, ratio=False)),
        }

    def text(self, *, colour: bool) -> str:
        """The report for a reader."""
        machine = self.machine
        load = ", ".join(f"{one:.2f}" for one in machine.load_average)
        lines = [
            f"{machine.cpu}, {machine.cores} cores, {machine.memory_mib:,} MiB, {machine.kernel}",
            f"Python {machine.python}, Envoy {machine.envoy}, load average before {load}",
        ]
        if self.cells:
            lines.append(f"load by {self.generator}, {self.rounds} rounds of {self.seconds:g} s")
        if self.figures:
            lines += ["", *_table([("in one process", "median [low..high]"), *self._micro()])]
        for load in dict.fromkeys(one.load for one in self.cells):
            cells = [cell for cell in self.cells if cell.load == load]
            lines += ["", *_table([_head(cells[0]), *(self._row(cell) for cell in cells)])]
        for soak in self.soaks:
            lines += ["", _soak(soak)]
        lines += ["", *(goal.text(colour=colour) for goal in self.goals())]
        return "\n".join(lines)

    def _micro(self) -> Iterable[tuple[str, str]]:
        for figure in self.figures:
            yield figure.name, f"{figure.spread.text(1)} {figure.unit}"

    def _row(self, cell: Cell) -> tuple[str, ...]:
        alone = self.beside(cell, ALONE)
        contender = cell.contender
        rules = f", {contender.policies:,} ({contender.width})" if contender.policies else ""
        return (
            contender.name + rules,
            cell.spread(rate).text(0),
            cell.against(alone, rate, ratio=True).text(2),
            cell.spread(p50).text(2),
            cell.spread(p99).text(2),
            *(f"{cell.spread(figure).median:,.{digits}f}" for _, figure, digits in columns(cell)),
        )


Column = tuple[str, Callable[[Sample], float], int]


def columns(cell: Cell) -> Sequence[Column]:
    """What is shown without its spread: name, figure, digits."""
    events = cell.call.events
    of_events: list[Column] = [
        ("worker µs/event", lambda sample: sample.worker_us / events, 1),
        ("Envoy µs/event", lambda sample: sample.envoy_us / events, 1),
    ]
    return (
        ("worker µs", lambda sample: sample.worker_us, 0),
        ("Envoy µs", lambda sample: sample.envoy_us, 0),
        *(of_events if events else ()),
        ("RSS MiB", lambda sample: sample.rss, 0),
        ("RSS MiB, all", lambda sample: sample.rss_all, 0),
        ("messages", lambda sample: sample.messages, 2),
    )


def _head(cell: Cell) -> tuple[str, ...]:
    connections = f"{cell.connections} connection{'s' * (cell.connections > 1)}"
    size = f"{round(len(cell.call.body) / KILOBYTE)} KB"
    return (
        f"{cell.bench}, {size}, {connections}",
        "requests/s",
        "of Envoy alone",
        "p50 ms",
        "p99 ms",
        *(name for name, _, _ in columns(cell)),
    )


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _soak(soak: Soak) -> str:
    return (
        f"soak, {soak.name}: {soak.early_mib:.1f} MiB after {soak.early:,} requests, "
        f"{soak.late_mib:.1f} MiB after {soak.late:,} ({soak.growth:+.1%})"
    )
