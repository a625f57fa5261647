"""`python -m benchmarks.guardrails`: how good detectors are, and what they cost."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

NAMES: Final = ("detectors", "evasion", "stream", "envoy", "peers")

EXAMPLES: Final = """
Names of --only:
  detectors  precision, recall, false positives and cost of each detector and dataset
  evasion    what is found of disguised texts, without and with the normal form
  stream     a delta of five characters: the engine, the gateway's screen, through Envoy
  envoy      what Guardrails add to 1, 8 and 64 kB, streamed and not, through Envoy
  peers      beside what LLM Guard publishes, and Presidio run here

Examples:
  python -m benchmarks.guardrails                              everything, about fifteen minutes
  python -m benchmarks.guardrails --data DIR --kept FOLDER     with labelled files
  python -m benchmarks.guardrails --only detectors evasion     nothing through Envoy
  python -m benchmarks.guardrails --json > figures.json        for a machine to read
  python -m benchmarks.guardrails --quick                      does it all still run?
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.guardrails",
        description="Measure Guardrails. Without --data all texts are made up or the library's.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--data", type=Path, metavar="DIR", help="labelled .jsonl files")
    made.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    made.add_argument("--quick", action="store_true", help="too short to mean anything")
    made.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds (default 3)")
    made.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="of one load (default 2)"
    )
    made.add_argument(
        "--kept", type=Path, metavar="FOLDER", help="keeps scorers' figures, which take minutes"
    )
    made.add_argument(
        "--own-load", action="store_true", help="do not use wrk even where it is installed"
    )
    made.add_argument(
        "--without-presidio", action="store_true", help="neither install nor run Presidio"
    )
    return made


def main() -> int:
    """Measure and print; 0 whether goals are met or not, since machines differ."""
    command = parser()
    given = command.parse_args()
    if given.rounds < 1 or given.seconds <= 0:
        command.error("--rounds and --seconds must be positive")
    if given.data is not None and not given.data.is_dir():
        command.error(f"--data: {given.data} is no folder")
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read when prometheus_client is imported
        from benchmarks.guardrails.datasets import check  # noqa: PLC0415  only then
        from benchmarks.guardrails.report import document, text  # noqa: PLC0415
        from benchmarks.guardrails.run import Order, measure  # noqa: PLC0415

        if given.data is not None:
            try:
                check(given.data)
            except ValueError as error:
                command.error(f"--data: {error}")
        results = measure(
            Order(
                given.only,
                given.rounds,
                given.seconds,
                data=given.data,
                kept=given.kept,
                quick=given.quick,
                own=given.own_load,
                presidio=not given.without_presidio,
            )
        )
    if given.json:
        json.dump(document(results), sys.stdout, indent=1)
        print()
    else:
        print("\n".join(text(results, colour=sys.stdout.isatty())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
