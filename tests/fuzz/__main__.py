"""Runs every property test again and again with fresh seeds, until the time is up or one fails.

    python -m tests.fuzz [--seconds 60] [FOLDER ...]

Every round is a whole pytest run over the tests that hypothesis drives; the seed of a round that
fails is in its output (`--hypothesis-seed`), and its input among the examples of .hypothesis/.
Exits with pytest's status of the last round.
"""

import argparse
import random
import subprocess
import sys
import time

FOLDERS = ("wire", "protocols", "extproc", "server", "sessions", "identity", "fuzz")


def main() -> int:
    """Parses the command line and runs the rounds; a round that has begun is ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("folders", nargs="*", default=[f"tests/{name}" for name in FOLDERS])
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    rounds = status = 0
    while status == 0 and time.monotonic() < deadline:
        rounds += 1
        seed = random.SystemRandom().randrange(2**32)
        print(f"round {rounds}, seed {seed}", flush=True)  # noqa: T201  a command's output
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "hypothesis"]
        command += [f"--hypothesis-seed={seed}", *options.folders]
        status = subprocess.run(command, check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
