"""`python -m benchmarks`: what the gateway costs, measured beside what it stands next to."""

import argparse
import json
import os
import sys
import tempfile
from typing import Final

# prometheus_client chooses between one process and several when it is imported; workers have the
# latter, so the work that is measured in this process has it too.
_METRICS: Final = tempfile.TemporaryDirectory(prefix="gatehouse-bench-")
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", _METRICS.name)

from benchmarks import micro, soak, through_envoy  # noqa: E402
from benchmarks.generator import choose  # noqa: E402
from benchmarks.machine import this_machine  # noqa: E402
from benchmarks.report import Report  # noqa: E402

MICRO: Final = {
    "work": micro.work,
    "decide": micro.decide,
    "session": micro.session,
    "lists": micro.lists,
}
NAMES: Final = (*MICRO, "envoy", "soak")
MICRO_SHARE: Final = 0.3
"""Of --seconds, for one round of a figure that needs no Envoy."""

QUICK_SCALE: Final = 0.002
QUICK_SIZES: Final = (1,)
QUICK_BODIES: Final = (1024,)

EXAMPLES: Final = """
Names:
  work     one exchange in this process: codec, machine, pipeline, record
  decide   the policy decision, 1 to 1,000 policies
  session  sealing and opening a session id
  lists    filtering a tools/list
  envoy    requests through Envoy: Envoy alone, its own mcp filter and RBAC, a handler that only
           says "continue", Gatehouse
  soak     memory after 50,000 and after 200,000 requests; only when named, or with --soak

Examples:
  python -m benchmarks                        everything but the soak, about eight minutes
  python -m benchmarks work decide            two of them, under a minute
  python -m benchmarks --json > figures.json  for a machine to read
  python -m benchmarks envoy --rounds 5 --seconds 5
  make bench BENCH="--quick"                  does it all still run?
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the gateway. Nothing is installed and nothing left behind.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(NAMES)}")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    made.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds (default 3)")
    made.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="of one load (default 2)"
    )
    made.add_argument("--soak", action="store_true", help="measure memory growth too")
    made.add_argument(
        "--quick", action="store_true", help="one round of everything, too short to mean anything"
    )
    made.add_argument(
        "--own-load", action="store_true", help="do not use wrk even where it is installed"
    )
    return made


def main() -> int:
    """Measure and print; 0 whether goals are met or not, since machines differ."""
    command = parser()
    given = command.parse_args()
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        command.error(f"unknown name {unknown[0]!r}; known: {', '.join(NAMES)}")
    if given.rounds < 1 or given.seconds <= 0:
        command.error("--rounds and --seconds must be positive")
    names = list(given.names) or [name for name in NAMES if name != "soak"]
    names += ["soak"] if given.soak and "soak" not in names else []
    report = _measure(names, given)
    if given.json:
        json.dump(report.document(), sys.stdout, indent=1)
        print()
    else:
        print(report.text(colour=sys.stdout.isatty()))
    return 0


def _measure(names: list[str], given: argparse.Namespace) -> Report:
    rounds = 1 if given.quick else int(given.rounds)
    seconds = 0.4 if given.quick else float(given.seconds)
    label, generate = choose(own=given.own_load or given.quick)
    report = Report(this_machine(), label, rounds, seconds)
    for name, measure in MICRO.items():
        if name in names:
            share = seconds * (0.1 if given.quick else MICRO_SHARE)
            report.figures += measure(_progress, rounds=rounds, seconds=share)
    if "envoy" in names:
        report.cells = through_envoy.measure(
            generate,
            _progress,
            rounds=rounds,
            seconds=seconds,
            sizes=QUICK_SIZES if given.quick else through_envoy.SIZES,
            bodies=QUICK_BODIES if given.quick else through_envoy.BODIES,
        )
    if "soak" in names:
        scale = QUICK_SCALE if given.quick else 1.0
        report.soaks.append(soak.in_this_process(_progress, scale))
        report.soaks.append(soak.through_envoy(generate, _progress, scale))
    _progress("")
    return report


def _progress(what: str) -> None:
    """One line on stderr that is written anew; on a terminal only the last one stays."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
    elif what:
        print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
