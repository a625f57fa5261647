"""MCP servers to put behind the gateway, which tell what they executed.

All have the tools `echo`, `delete` and `whoami`, and take any arguments.
"""

import contextlib
import json
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import SCRIPTS, node_command
from tests.support.processes import POLL_SECONDS, Process, running


@dataclass(frozen=True)
class ToolCall:
    """A tool call that a server has executed, with the arguments as it read them."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Backend:
    """A running server: its URL, its process and the file with its calls."""

    url: str
    process: Process
    record: Path

    @property
    def port(self) -> int:
        """The port that it listens on, on 127.0.0.1."""
        return int(self.url.rsplit(":", 1)[1].split("/")[0])

    def calls(self) -> list[ToolCall]:
        """The calls executed so far. A call that has been answered is certainly among them."""
        if not self.record.exists():
            return []
        return [ToolCall(**json.loads(line)) for line in self.record.read_text().splitlines()]

    def wait_for_calls(self, count: int, seconds: float = 5.0) -> list[ToolCall]:
        """The calls once there are `count`, or those there are after `seconds`."""
        deadline = time.monotonic() + seconds
        while len(self.calls()) < count and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return self.calls()

    def forget(self) -> None:
        """Starts the list of calls anew; only while no call is on its way."""
        self.record.unlink(missing_ok=True)


@contextlib.contextmanager
def python_backend(
    directory: Path,
    name: str = "replica-a",
    *,
    stateless: bool = False,
    json_response: bool = False,
    port: int = 0,
    tools: Path | None = None,
) -> Generator[Backend]:
    """The Python SDK's server: legacy with or without sessions, and modern, on one URL. It lists
    what the file `tools` says."""
    record = directory / f"{name}.jsonl"
    command = [sys.executable, "-m", "tests.support.mcp_backend", "--record", str(record)]
    command += ["--name", name, "--port", str(port)]
    command += ["--stateless"] if stateless else []
    command += ["--json"] if json_response else []
    command += ["--tools", str(tools)] if tools is not None else []
    with running(command) as process:
        yield ready_backend(process, record)


@contextlib.contextmanager
def typescript_backend(
    directory: Path, name: str = "replica-a", *, port: int = 0
) -> Generator[Backend]:
    """The TypeScript SDK's server behind express, legacy with sessions."""
    record = directory / f"{name}.jsonl"
    command = node_command(SCRIPTS / "server.mjs", str(record), name, str(port))
    with running(command) as process:
        yield ready_backend(process, record)


def ready_backend(process: Process, record: Path) -> Backend:
    """Waits for the line `ready URL` of a server that records its calls in `record`."""
    return Backend(process.wait_for_line(r"^ready (\S+)")[1], process, record)
