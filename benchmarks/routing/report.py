"""The results as JSON and as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.routing.calibration import Check, ladder_checks, step_checks
from benchmarks.routing.compare import Results
from benchmarks.routing.goals import Goal, goals
from benchmarks.routing.policies import OURS

FIGURES = (
    *("ttft_p50", "ttft_p90", "ttft_p95", "ttft_p99", "e2e_p50", "e2e_p90", "goodput"),
    *("hit_rate", "imbalance", "errors", "timeouts", "preemptions", "output_rate", "server_ms"),
    *("other_rate", "relayed"),
)


def checks(results: Results) -> list[Check]:
    """All checks of the calibration."""
    return [*step_checks(), *ladder_checks(results)]


def document(results: Results) -> dict[str, Any]:
    """Everything, as JSON values."""
    return {
        "calibration": [
            {"name": one.name, "predicted": one.predicted, "published": one.published}
            for one in checks(results)
        ],
        "goals": [
            {"wanted": one.wanted, "seen": one.seen, "met": one.met} for one in goals(results)
        ],
        "runs": [run.document() for run in results.runs],
    }


def text(results: Results) -> Iterator[str]:
    """Lines to read."""
    yield "Calibration: predicted, published"
    for check in checks(results):
        yield f"  {check.name:52} {check.predicted:>16}   {check.published}{_mark(check.agrees)}"
    for cell in results.cells:
        yield ""
        yield from _cell(results, cell)
    yield ""
    yield "Goals"
    for goal in goals(results):
        yield f"  {verdict(goal):7} {goal.wanted}: {goal.seen}"


def verdict(goal: Goal) -> str:
    """In words."""
    return "met" if goal.met else "missed"


def order(results: Results, cell: str) -> list[str]:
    """The policies of a cell, best TTFT p90 first."""
    there = [name for name in results.policies if results.has(cell, name)]
    return sorted(there, key=lambda name: results.mean(cell, name, "ttft_p90"))


def rows(results: Results, cell: str) -> Iterator[Sequence[str]]:
    """A heading, and a row for each policy: figures, and ours over it in TTFT p90 and goodput."""
    yield ("policy", *FIGURES, "ours/it ttft_p90", "ours/it goodput")
    for name in order(results, cell):
        figures = [number(results.mean(cell, name, figure)) for figure in FIGURES]
        ratios = ["", ""]
        if name != OURS and results.has(cell, OURS):
            ratios = [
                str(results.compared(cell, OURS, name, figure))
                for figure in ("ttft_p90", "goodput")
            ]
        yield (name, *figures, *ratios)


def number(value: float) -> str:
    """Three digits or so."""
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def _cell(results: Results, cell: str) -> Iterator[str]:
    seeds = len({run.seed for run in results.runs if run.cell == cell})
    yield f"{cell} ({seeds} seeds)"
    table = list(rows(results, cell))
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    for row in table:
        first = row[0].ljust(widths[0])
        rest = (value.rjust(width) for value, width in zip(row[1:], widths[1:], strict=True))
        yield "  " + "  ".join((first, *rest))


def _mark(agrees: bool | None) -> str:
    return {True: "  (agrees)", False: "  (DISAGREES)", None: ""}[agrees]
