import re
import subprocess
import sys

from demo.ask import DOCUMENTS, ROUNDS
from tests.support.ports import free_port
from tests.support.processes import ROOT, running


def asked(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo.ask", *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_says_who_answered_and_what_was_read_before() -> None:
    with running([sys.executable, "-m", "demo.model", "--port", "0", "--name", "alone"]) as server:
        done = asked("--url", server.wait_for_line(r"^ready (\S+)")[1])
    assert done.returncode == 0, done.stderr
    lines = re.findall(
        r"^(\w+) +question (\d): alone had read (\d+) of 602 words$", done.stdout, re.MULTILINE
    )
    assert lines == [
        (document, str(number), "592" if number > 1 else "0")
        for number in range(1, ROUNDS + 1)
        for document in DOCUMENTS
    ]


def test_it_says_so_when_nobody_is_there() -> None:
    done = asked("--url", f"http://127.0.0.1:{free_port()}/v1")
    assert done.returncode == 1
    assert "is `make up` running?" in done.stderr
    assert "Traceback" not in done.stderr
