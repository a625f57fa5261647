"""Runs a gateway that ends when the benchmark that starts it is gone, however that went.

    python -m benchmarks.tied up ...

Which program it is, and whose end is waited for, say `PROGRAM` and `PARENT` of the environment.
"""

import os
import sys
from collections.abc import Mapping

from gateway.supervisor import tether

PROGRAM = "BENCHMARK_PROGRAM"
PARENT = "BENCHMARK_PID"


def tied_to_us(program: str) -> Mapping[str, str]:
    """The environment in which this module runs `program`, a module, for as long as we run."""
    return {PROGRAM: program, PARENT: str(os.getpid())}


def main() -> None:
    """Become the program."""
    program = [sys.executable, "-m", os.environ[PROGRAM], *sys.argv[1:]]
    tied = [sys.executable, "-SE", tether.__file__, os.environ[PARENT], *program]
    os.execv(sys.executable, tied)


if __name__ == "__main__":
    main()
