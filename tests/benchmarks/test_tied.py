"""A benchmark that is killed leaves nothing running, and one that is ended nothing at all."""

import signal
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.processes import Process, running

START_SECONDS = 60.0
END_SECONDS = 30.0
POLL_SECONDS = 0.05
STARTED = ("upstream.json", "forwarding.json", "gatehouse/gateway.yaml", "continue/gateway.yaml")


@pytest.fixture
def folder() -> Generator[Path]:
    """Where the benchmark has its temporary files: of a short name, since sockets lie below it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def benchmark(folder: Path) -> Generator[Process]:
    """A benchmark whose processes name `folder` in their arguments, and measure for long."""
    command = [sys.executable, "-m", "benchmarks", "a2a", "--seconds", "60"]
    with running(command, env={"TMPDIR": str(folder)}) as process:
        deadline = time.monotonic() + START_SECONDS
        while not all(any(name in one for one in named(folder)) for name in STARTED):
            assert process.returncode is None, "\n".join(process.stderr.lines)
            assert time.monotonic() < deadline, named(folder)
            time.sleep(POLL_SECONDS)
        yield process


def named(folder: Path) -> list[str]:
    """Command lines of processes that name a file below `folder`."""
    lines: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended
        if str(folder) in line:
            lines.append(line)
    return lines


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_benchmark_that_is_ended_leaves_no_process_behind(
    benchmark: Process, folder: Path, number: signal.Signals
) -> None:
    benchmark.send_signal(number)
    deadline = time.monotonic() + END_SECONDS
    while left := named(folder):
        assert time.monotonic() < deadline, left
        time.sleep(POLL_SECONDS)
    assert benchmark.wait(END_SECONDS) in {-number, 128 + number}


def test_a_benchmark_that_is_told_to_end_leaves_no_file_behind(
    benchmark: Process, folder: Path
) -> None:
    benchmark.send_signal(signal.SIGTERM)
    assert benchmark.wait(END_SECONDS) == 128 + signal.SIGTERM
    assert not list(folder.iterdir())
