import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import Process, ProcessError, running


def python(source: str) -> list[str]:
    return [sys.executable, "-u", "-c", textwrap.dedent(source)]


def test_a_process_is_ready_when_it_has_printed_its_line() -> None:
    with running(python("print('warming up'); print('ready 7'); input()")) as process:
        assert process.wait_for_line(r"^ready (\d)")[1] == "7"
        assert process.returncode is None


def test_a_process_that_ends_before_it_is_ready_fails_with_its_output() -> None:
    command = python("import sys; sys.exit('no such file')")
    with pytest.raises(ProcessError, match="no such file"), running(command, ready="^ready"):
        pass


def test_a_process_that_stays_silent_is_not_waited_for_longer_than_asked() -> None:
    with running(python("input()")) as process, pytest.raises(ProcessError, match="no line like"):
        process.wait_for_line("^ready", seconds=0.1)


def test_a_port_is_waited_for() -> None:
    port = free_port()
    source = f"""
        import socket
        with socket.create_server(("127.0.0.1", {port})) as listening:
            listening.accept()[0].recv(1)
    """
    with running(python(source)) as process:
        process.wait_for_port(port)


def test_a_port_that_nobody_opens_fails_once_the_process_has_ended() -> None:
    with (
        running(python("pass")) as process,
        pytest.raises(ProcessError, match="accepts no connections"),
    ):
        process.wait_for_port(free_port())


DEAF = "import signal, sys; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); input()"


def test_the_children_of_a_process_end_with_it(tmp_path: Path) -> None:
    source = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {DEAF!r}], stdout=subprocess.PIPE)
        child.stdout.readline()
        print("child", child.pid)
        input()
    """
    with running(python(source), cwd=tmp_path) as process:
        child = int(process.wait_for_line(r"^child (\d+)")[1])
        assert is_running(child)
    assert ends(child, seconds=5)


def ends(pid: int, seconds: float) -> bool:
    """Whether `pid` ends in time; a kill is done a moment after it was sent."""
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether `pid` is a process that has not ended; one that nobody has reaped yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stopping_tells_the_exit_status() -> None:
    source = "import signal, sys; signal.signal(15, lambda *_: sys.exit(3)); print('up'); input()"
    with running(python(source), ready="^up$") as process:
        assert process.stop() == 3


def test_output_before_the_end_is_complete() -> None:
    process = Process(python("print('a' * 100_000); print('last')"))
    try:
        assert process.wait(5) == 0
        assert process.stdout.lines[-1] == "last"
    finally:
        process.end()
