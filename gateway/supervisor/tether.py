"""Runs a program that ends when its parent ends, however that ends (Linux).

    python tether.py PARENT-PID PROGRAM ARGUMENT...

Started by path and without the rest of the package, since it becomes the program a moment later.
Where the system has no such signal the program is run all the same.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str]) -> list[str]:
    """`command` so that it gets SIGTERM when the process that starts it is gone."""
    return [sys.executable, "-SE", __file__, str(os.getpid()), *command]


def main() -> None:
    """Become the program that the arguments name."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):
            sys.exit("the parent has ended")
    try:
        os.execvp(command[0], command)  # noqa: S606  the program that the caller named
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
