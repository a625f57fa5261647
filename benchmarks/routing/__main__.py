"""`python -m benchmarks.routing`: routing policies over simulated model servers."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.routing.calibration import step_checks
from benchmarks.routing.cells import QUICK, cells, policies_in
from benchmarks.routing.compare import Results
from benchmarks.routing.grid import Store, Task, run_grid
from benchmarks.routing.page import page
from benchmarks.routing.policies import ALL
from benchmarks.routing.report import document, text
from gateway.simulation.mooncake import TraceError

EXAMPLES = """
Examples:
  python -m benchmarks.routing --cache FOLDER --html routing.html   the whole grid
  python -m benchmarks.routing --quick                              does it all still run?
  python -m benchmarks.routing --cells ladder --policies gatehouse round_robin --seeds 3
  python -m benchmarks.routing --seeds-from 100                     seeds that nobody tuned on
  python -m benchmarks.routing --trace conversation.jsonl           a trace in Mooncake's format
  python -m benchmarks.routing calibration                          the step-time model alone
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.routing",
        description="Compare routing policies over simulated model servers, in virtual time.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("what", nargs="?", choices=("grid", "calibration"), default="grid")
    made.add_argument("--cells", nargs="+", metavar="CELL", help="only these")
    made.add_argument("--policies", nargs="+", metavar="POLICY", choices=ALL, help="only these")
    made.add_argument("--seeds", type=int, default=5, metavar="N", help="so many seeds (5)")
    made.add_argument("--seeds-from", type=int, default=0, metavar="N", help="the first seed (0)")
    made.add_argument("--trace", type=Path, metavar="FILE", help="cells that replay this trace")
    made.add_argument("--cache", type=Path, metavar="FOLDER", help="keeps finished simulations")
    made.add_argument("--processes", type=int, default=2, metavar="N", help="at once (2)")
    made.add_argument("--quick", action="store_true", help="two cells, one seed")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    made.add_argument("--html", type=Path, metavar="FILE", help="write one page with plots")
    return made


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; the exit code."""
    asked = parser().parse_args(arguments)
    if asked.what == "calibration":
        for check in step_checks():
            print(f"{check.name:46} {check.predicted:>10}   published {check.published}")
        return 0
    try:
        known = cells(asked.trace)
    except (OSError, TraceError) as error:
        print(f"the trace cannot be read: {error}", file=sys.stderr)
        return 2
    names: list[str] = asked.cells or list(QUICK if asked.quick else known)
    strangers = [name for name in names if name not in known]
    if strangers:
        print(f"no such cell: {', '.join(strangers)}; of {', '.join(known)}", file=sys.stderr)
        return 2
    seeds = 1 if asked.quick else asked.seeds
    tasks = [
        Task(policy, cell, seed, asked.trace)
        for cell in names
        for seed in range(asked.seeds_from, asked.seeds_from + seeds)
        for policy in policies_in(cell)
        if asked.policies is None or policy in asked.policies
    ]
    results = Results(run_grid(tasks, Store(asked.cache, asked.trace), asked.processes))
    if asked.html:
        asked.html.write_text(page(results), encoding="utf-8")
    print(json.dumps(document(results)) if asked.json else "\n".join(text(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
