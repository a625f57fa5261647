"""Processes that tests start: ready when they say so, and gone with their children afterwards.

    with running([sys.executable, "-m", "demo.tracker", "--port", "0"]) as tracker:
        line = tracker.wait_for_line("^ready ")

Everything here blocks; processes have sessions of their own, so that the whole group is killed.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
KEPT_LINES = 10_000


class ProcessError(RuntimeError):
    """A process ended, or stayed silent, before it was ready; the text has its last output."""


class Output:
    """The lines of one stream, read by a thread so that the process never blocks on a full pipe.

    Only the newest `KEPT_LINES` are kept.
    """

    def __init__(self, stream: IO[str]) -> None:
        """Starts to read `stream` until its end."""
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._stream = stream
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """A copy of the lines so far, without line ends."""
        with self._changed:
            return list(self._lines)

    def wait_for(self, pattern: re.Pattern[str], seconds: float) -> re.Match[str] | None:
        """The first line that matches, or None when the stream ends or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._search(pattern), seconds)
            return self._search(pattern)

    def wait_for_end(self, seconds: float) -> None:
        """Returns once the last line is read; a child that holds the pipe is waited for in vain."""
        self._reader.join(seconds)

    def _search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((found for line in self._lines if (found := pattern.search(line))), None)

    def _read(self) -> None:
        with self._stream:
            for line in self._stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    del self._lines[:-KEPT_LINES]
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Process:
    """A started process and its group. Use `running`, which also ends it."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT
    ) -> None:
        """Starts `command` in `cwd` with `env` added to this process's environment."""
        self.command = list(command)
        self._popen = subprocess.Popen(
            self.command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self.stdin = self._popen.stdin
        self.stdout = Output(self._popen.stdout)
        self.stderr = Output(self._popen.stderr)

    @property
    def pid(self) -> int:
        """The process id, which is its group's id too."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def wait_for_line(self, pattern: str, seconds: float = READY_SECONDS) -> re.Match[str]:
        """The first line on stdout that `pattern` matches; `ProcessError` if none comes."""
        found = self.stdout.wait_for(re.compile(pattern), seconds)
        if found is None:
            raise ProcessError(self._describe(f"no line like {pattern!r}"))
        return found

    def wait_for_port(
        self, port: int, host: str = "127.0.0.1", seconds: float = READY_SECONDS
    ) -> None:
        """Returns once `host:port` accepts connections; `ProcessError` if it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.returncode is None:
            with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
                return
            time.sleep(POLL_SECONDS)
        raise ProcessError(self._describe(f"{host}:{port} accepts no connections"))

    def wait(self, seconds: float) -> int:
        """The exit status once the process has ended; `ProcessError` if it runs on."""
        try:
            status = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProcessError(self._describe(f"still runs after {seconds} s")) from None
        self.stdout.wait_for_end(STOP_SECONDS)
        self.stderr.wait_for_end(STOP_SECONDS)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process alone, not to its children."""
        self._popen.send_signal(number)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, and the exit status; `ProcessError` if it does not end in time."""
        self.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def end(self) -> None:
        """Leaves nothing behind: SIGTERM to the group, SIGKILL after `STOP_SECONDS`."""
        if self.returncode is None:
            self._signal_group(signal.SIGTERM)
            # A stopped process handles SIGTERM only once it runs again.
            self._signal_group(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(STOP_SECONDS)
        self._signal_group(signal.SIGKILL)
        self._popen.wait()
        with contextlib.suppress(OSError):
            self.stdin.close()
        self.stdout.wait_for_end(STOP_SECONDS)
        self.stderr.wait_for_end(STOP_SECONDS)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _describe(self, problem: str) -> str:
        tail = "\n".join([*self.stdout.lines[-20:], *self.stderr.lines[-20:]])
        return f"{' '.join(self.command)}: {problem}; status {self.returncode}\n{tail}"


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    ready: str | None = None,
) -> Generator[Process]:
    """Runs `command` for the length of the block.

    `ready` is a pattern of a line on stdout to wait for first. At the end of the block the whole
    group is ended, also when the block fails or the process has ended and left children.
    """
    process = Process(command, env, cwd)
    try:
        if ready is not None:
            process.wait_for_line(ready)
        yield process
    finally:
        process.end()
