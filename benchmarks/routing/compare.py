"""Paired comparison: for each seed ours over a peer's, and how sure the mean of these is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.routing.measure import Row, Run

RESAMPLES = 4000


@dataclass(frozen=True, slots=True)
class Ratio:
    """Geometric mean of per-seed ratios and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of values of the same seeds, in the same order. Zeros count as a thousandth of what the
    other has, so that a policy with no goodput at all does not make the mean infinite."""
    floor = max([*ours, *theirs, 1e-9]) * 1e-3
    logs = np.log(np.maximum(ours, floor)) - np.log(np.maximum(theirs, floor))
    draws = np.random.default_rng(0).integers(0, len(logs), (RESAMPLES, len(logs)))
    means = logs[draws].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Ratio(float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high)))


class Results:
    """Runs by cell and policy, seeds in order."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.cells = tuple(dict.fromkeys(run.cell for run in runs))
        self.policies = tuple(dict.fromkeys(run.policy for run in runs))

    def of(self, cell: str, policy: str) -> list[Run]:
        """The runs of a policy in a cell, by seed."""
        found = [run for run in self.runs if run.cell == cell and run.policy == policy]
        return sorted(found, key=lambda run: run.seed)

    def values(self, cell: str, policy: str, figure: str, stage: int | None = None) -> list[float]:
        """A figure of `Row` for each seed, of the whole run or of one stage."""
        return [float(getattr(_part(run, stage), figure)) for run in self.of(cell, policy)]

    def mean(self, cell: str, policy: str, figure: str, stage: int | None = None) -> float:
        """Its mean over the seeds."""
        return float(np.mean(self.values(cell, policy, figure, stage)))

    def compared(
        self, cell: str, one: str, two: str, figure: str, stage: int | None = None
    ) -> Ratio:
        """`one` over `two`."""
        return ratio(self.values(cell, one, figure, stage), self.values(cell, two, figure, stage))

    def has(self, cell: str, *policies: str) -> bool:
        """Whether all of them ran in the cell."""
        return all(self.of(cell, policy) for policy in policies)


def _part(run: Run, stage: int | None) -> Row:
    return run.total if stage is None else run.stages[stage]
