"""What was measured, as JSON and as text, with the goals that it meets or misses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.machine import Machine
from benchmarks.micro import Figure
from benchmarks.soak import Soak
from benchmarks.through_envoy import Cell, Sample, p50, p99, rate

WORK_GOAL: Final = 150.0
LATENCY_GOAL: Final = 0.25
MANY_GOAL: Final = 1.5
RSS_GOAL: Final = 0.02
OPEN_GOAL: Final = 5.0

WORK: Final = "own work, 1 KB, 100 policies, 1 can match"
WORK_ONE: Final = "own work, 1 KB, 1 policies, 1 can match"
WORK_MANY: Final = "own work, 1 KB, 1000 policies, 1 can match"
DECIDE_ONE: Final = "decide, 1 policies, 1 can match"
DECIDE_MANY: Final = "decide, 1000 policies, 1 can match"
OPEN: Final = "open a session id"


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise, and what was seen of it."""

    name: str
    limit: float
    seen: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether what was seen is within the limit."""
        return self.seen <= self.limit


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
        by_name = {figure.name: figure.spread.median for figure in self.figures}
        goals: list[Goal] = []
        if WORK in by_name:
            goals.append(Goal(f"{WORK}: CPU", WORK_GOAL, by_name[WORK], "µs"))
            many = by_name[WORK_MANY] / by_name[WORK_ONE]
            goals.append(Goal("own work, 1,000 policies against one", MANY_GOAL, many, "x"))
        if DECIDE_ONE in by_name:
            many = by_name[DECIDE_MANY] / by_name[DECIDE_ONE]
            goals.append(Goal("decide, 1,000 policies against one", MANY_GOAL, many, "x"))
        if OPEN in by_name:
            goals.append(Goal(OPEN, OPEN_GOAL, by_name[OPEN], "µs"))
        goals += self._latency_goals()
        for soak in self.soaks:
            name = f"RSS after {soak.late:,} requests against {soak.early:,}, {soak.name}: growth"
            goals.append(Goal(name, RSS_GOAL * 100, soak.growth * 100, "%"))
        return goals

    def _latency_goals(self) -> Iterable[Goal]:
        for cell in self.cells:
            alone = cell.connections == 1 and cell.body == min(one.body for one in self.cells)
            if alone and cell.contender.name == "gatehouse" and cell.contender.width == 1:
                added = cell.against(self.beside(cell, "continue"), p50, ratio=False).median
                name = f'p50 over "continue", 1 connection, {cell.contender.policies} policies'
                yield Goal(name, LATENCY_GOAL, added, "ms")

    def beside(self, cell: Cell, name: str) -> Cell:
        """The cell of another contender under the same load."""
        return next(
            one
            for one in self.cells
            if (one.body, one.connections) == (cell.body, cell.connections)
            and one.contender.name == name
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
            "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals()],
        }

    def _cell(self, cell: Cell) -> dict[str, Any]:
        figures: dict[str, Callable[[Sample], float]] = {
            "requests_per_second": rate,
            "p50_ms": p50,
            "p99_ms": p99,
            "worker_cpu_us": lambda sample: sample.worker_us,
            "envoy_cpu_us": lambda sample: sample.envoy_us,
            "rss_mib": lambda sample: sample.rss,
            "messages": lambda sample: sample.messages,
        }
        alone = self.beside(cell, "envoy alone")
        return {
            "contender": cell.contender.name,
            "policies": cell.contender.policies,
            "can_match": cell.contender.width,
            "body_bytes": cell.body,
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
        for body, connections in dict.fromkeys((one.body, one.connections) for one in self.cells):
            title = f"{body // 1024} KB, {connections} connection{'s' * (connections > 1)}"
            lines += ["", *_table([_head(title), *self._rows(body, connections)])]
        for soak in self.soaks:
            lines += ["", _soak(soak)]
        lines += ["", *(_goal(goal, colour=colour) for goal in self.goals())]
        return "\n".join(lines)

    def _micro(self) -> Iterable[tuple[str, str]]:
        for figure in self.figures:
            yield figure.name, f"{figure.spread.text(1)} {figure.unit}"

    def _rows(self, body: int, connections: int) -> Iterable[tuple[str, ...]]:
        for cell in self.cells:
            if (cell.body, cell.connections) == (body, connections):
                yield self._row(cell)

    def _row(self, cell: Cell) -> tuple[str, ...]:
        alone = self.beside(cell, "envoy alone")
        contender = cell.contender
        rules = f", {contender.policies:,} ({contender.width})" if contender.policies else ""
        return (
            contender.name + rules,
            cell.spread(rate).text(0),
            cell.against(alone, rate, ratio=True).text(2),
            cell.spread(p50).text(2),
            cell.spread(p99).text(2),
            f"{cell.spread(lambda sample: sample.worker_us).median:,.0f}",
            f"{cell.spread(lambda sample: sample.envoy_us).median:,.0f}",
            f"{cell.spread(lambda sample: sample.rss).median:,.0f}",
            f"{cell.spread(lambda sample: sample.messages).median:.2f}",
        )


def _head(title: str) -> tuple[str, ...]:
    return (
        title,
        "requests/s",
        "of Envoy alone",
        "p50 ms",
        "p99 ms",
        "worker µs",
        "Envoy µs",
        "RSS MiB",
        "messages",
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


def _goal(goal: Goal, *, colour: bool) -> str:
    word = "met   " if goal.met else "missed"
    if colour:
        word = f"\x1b[{32 if goal.met else 31}m{word}\x1b[0m"
    return f"{word}  {goal.name}: {goal.seen:.2f} {goal.unit} (at most {goal.limit:g})"
