import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.supervisor import tether
from tests.support.processes import running

PARENT = """
import subprocess, sys, time
from gateway.supervisor.tether import tethered
child = subprocess.Popen(tethered(["sleep", "100"]), start_new_session=True)
print("ready", child.pid, flush=True)
time.sleep(100)
"""


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def test_a_program_ends_when_the_one_that_started_it_is_killed() -> None:
    with running([sys.executable, "-c", PARENT]) as parent:
        child = int(parent.wait_for_line(r"^ready (\d+)")[1])
        while command(child) != "sleep 100":
            os.sched_yield()
        parent.send_signal(signal.SIGKILL)
        while command(child):
            os.sched_yield()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([str(os.getpid()), "/nonexistent"], "/nonexistent: No such file or directory\n"),
        (["1", "true"], "the parent has ended\n"),
    ],
)
def test_what_cannot_be_run_is_told(arguments: list[str], said: str) -> None:
    run = subprocess.run(
        [sys.executable, "-SE", tether.__file__, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, said)
