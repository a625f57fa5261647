"""Runs every policy in every cell with every seed, each once: what is in the cache stays."""

import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.routing.cells import cells
from benchmarks.routing.measure import Run, measured, run_of
from benchmarks.routing.policies import ALL, PEERS
from gateway.simulation.simulation import simulate

HERE = Path(__file__).parent
PRODUCTION = HERE.parents[1] / "gateway"
PARTS = ("picker", "model", "config")
"""Of production, what decides where our requests go, besides how the picker is driven."""

SIMULATION = PRODUCTION / "simulation"
SIMULATED = (
    *("cache", "engine", "hardware", "job", "mooncake", "policy", "prompt", "request"),
    *("simulation", "workload"),
)
"""Files of the simulation that all policies have in common."""

REPORTING = frozenset(
    f"{name}.py"
    for name in ("__main__", "calibration", "compare", "goals", "grid", "page", "plot", "report")
)
"""Files that say nothing about a simulation."""


@dataclass(frozen=True, slots=True)
class Task:
    """One simulation. `trace` is the file of the cells that replay one."""

    policy: str
    cell: str
    seed: int
    trace: Path | None = None


class Store:
    """Finished runs, one file each, named by a hash of everything that decides the result."""

    def __init__(self, folder: Path | None, trace: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        replayed = [trace] if trace is not None else []
        simulated = (SIMULATION / f"{name}.py" for name in SIMULATED)
        here = (path for path in HERE.rglob("*.py") if path.name not in REPORTING)
        self._peers = digest(sorted((*here, *simulated)))
        parts = (path for part in PARTS for path in (PRODUCTION / part).rglob("*.py"))
        self._ours = digest(sorted((*parts, SIMULATION / "picking.py")))
        self._trace = digest(replayed)

    def read(self, task: Task) -> Run | None:
        """The result, if it is there."""
        path = self._path(task)
        if path is None or not path.exists():
            return None
        return run_of(json.loads(path.read_text()))

    def write(self, task: Task, run: Run) -> None:
        """Keep a result; whole or not at all."""
        path = self._path(task)
        if path is not None:
            part = path.with_suffix(".part")
            part.write_text(json.dumps(run.document()))
            part.replace(path)

    def _path(self, task: Task) -> Path | None:
        if self._folder is None:
            return None
        code = self._peers + ("" if task.policy in PEERS else self._ours)
        trace = self._trace if task.cell.startswith("trace") else ""
        whole = f"{code} {trace} {task.policy} {task.cell} {task.seed}"
        name = hashlib.sha256(whole.encode()).hexdigest()[:24]
        return self._folder / f"{name}.json"


def digest(paths: Iterable[Path]) -> str:
    """A hash of files' names and contents."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def run_task(task: Task) -> tuple[Task, Run]:
    """Simulate, in this process."""
    workload = cells(task.trace)[task.cell](task.seed)
    trace = simulate(workload, ALL[task.policy](task.seed))
    return task, measured(task.policy, task.cell, task.seed, workload, trace)


def run_grid(tasks: Sequence[Task], store: Store, processes: int) -> list[Run]:
    """The results of all tasks, with a line of progress on standard error."""
    done: dict[Task, Run] = {}
    for task in tasks:
        run = store.read(task)
        if run is not None:
            done[task] = run
    left = [task for task in tasks if task not in done]
    began, known = time.monotonic(), len(done)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for task, run in pool.imap_unordered(run_task, left):
            store.write(task, run)
            done[task] = run
            _progress(len(done), len(tasks), len(done) - known, time.monotonic() - began)
    if left:
        print(file=sys.stderr)
    return [done[task] for task in tasks]


def _progress(done: int, tasks: int, new: int, seconds: float) -> None:
    rest = seconds / new * (tasks - done)
    print(f"\r{done} of {tasks} simulations, {rest:.0f} s left ", end="", file=sys.stderr)
