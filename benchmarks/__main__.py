"""`python -m benchmarks`: what the gateway costs, measured beside what it stands next to."""

import argparse
import json
import os
import signal
import sys
import tempfile
from typing import Final

NAMES: Final = (
    *("work", "decide", "session", "lists", "events"),
    *("envoy", "chat", "stream", "a2a", "check", "pick", "soak"),
)

EXAMPLES: Final = """
Names:
  work     one exchange in this process: codec, machine, pipeline, record
  decide   the policy decision, 1 to 1,000 policies
  session  sealing and opening a session id
  lists    filtering a tools/list
  events   reading one event of a stream
  envoy    tools/call through Envoy: Envoy alone, its own mcp filter and RBAC, a handler that only
           says "continue", Gatehouse
  chat     chat completions: the upstream itself, Envoy alone, "continue", Gatehouse, LiteLLM
  stream   streams of 200 events, read and not read: Envoy alone, Gatehouse, LiteLLM
  a2a      SendMessage to an agent: Envoy alone, Gatehouse
  check    tools/call for access control alone (ext_authz): Envoy alone, Gatehouse
  pick     chat completions to pools of 4 to 1,000 model servers, prompts of 1 to 400 KB
  soak     memory after 50,000 and after 200,000 requests; only when named, or with --soak

Examples:
  python -m benchmarks                        everything but the soak, about fourteen minutes
  python -m benchmarks work decide            two of them, under a minute
  python -m benchmarks --json > figures.json  for a machine to read
  python -m benchmarks envoy --rounds 5 --seconds 5
  python -m benchmarks chat stream            beside LiteLLM, which is installed first (750 MB)
  make bench BENCH="--quick"                  does it all still run?
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the gateway. Nothing is left behind but LiteLLM in .litellm.",
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
    made.add_argument(
        "--without-litellm", action="store_true", help="neither install nor measure LiteLLM"
    )
    return made


def _end(number: int, _frame: object) -> None:
    """End like any program that a signal ends, but by way of every `finally`."""
    sys.exit(128 + number)


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
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        # Read when prometheus_client is imported: workers count in shared files, so what is
        # measured in this process does too.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        from benchmarks.run import Order, measure  # noqa: PLC0415  after that, and only if needed

        order = Order(
            names,
            given.rounds,
            given.seconds,
            quick=given.quick,
            own=given.own_load,
            litellm=not given.without_litellm,
        )
        report = measure(order)
    if given.json:
        json.dump(report.document(), sys.stdout, indent=1)
        print()
    else:
        print(report.text(colour=sys.stdout.isatty()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
