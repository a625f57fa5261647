"""A gateway with two workers whose files tests change while it runs."""

import json
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import modern_call
from tests.support.raw_backend import RawBackend, Reply, raw_backend
from tests.support.traffic import Call

RELOAD_SECONDS = 10.0


def answer(seen: Seen) -> Reply:
    """What an MCP server says to a call; sessions are called "upstream"."""
    message: dict[str, Any] = json.loads(seen.body) if seen.body else {}
    headers = [("content-type", "application/json")]
    result: dict[str, Any] = {"content": [], "resultType": "complete"}
    if message.get("method") == "initialize":
        headers.append(("mcp-session-id", "upstream"))
        result = {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {},
            "serverInfo": {"name": "raw", "version": "1"},
        }
    body = {"jsonrpc": "2.0", "id": message.get("id"), "result": result}
    return Reply(200, headers, [json.dumps(body).encode()])


@dataclass
class Stage:
    """A gateway with two workers, and upstreams that tests may put behind it."""

    gateway: Gateway
    one: RawBackend
    two: RawBackend

    @contextmanager
    def reloading(self) -> Generator[None]:
        """Waits, after the block, until what it changed is in force."""
        before = self.gateway.status()["snapshot"]
        yield
        deadline = time.monotonic() + RELOAD_SECONDS
        while (status := self.gateway.status())["snapshot"] == before:
            assert not status["configuration_error"], status
            assert time.monotonic() < deadline, status
            time.sleep(0.02)

    def broken(self) -> str:
        """Waits until what is on disk is refused; why. The same error must not be there before."""
        deadline = time.monotonic() + RELOAD_SECONDS
        while not (error := str(self.gateway.status()["configuration_error"])):
            assert time.monotonic() < deadline, self.gateway.status()
            time.sleep(0.02)
        return error

    def caller(self, tool: str, route: str = "tracker", key: str = KEY) -> Call:
        """Calls `tool` again and again."""
        url = self.gateway.url("tracker").replace("/tracker", f"/{route}")
        message = modern_call(tool, x_api_key=key)
        return lambda client: client.post(url, **message)


@contextmanager
def stage_in(folder: Path, **changes: Any) -> Generator[Stage]:
    """The route /tracker leads to `one`, and the tool `echo` is allowed."""
    with ExitStack() as stack:
        one = stack.enter_context(raw_backend(answer))
        two = stack.enter_context(raw_backend(answer))
        gateway = gatehouse(
            folder,
            backends={"tracker": [one.url]},
            policies=[allow(tools=["echo"])],
            workers=2,
            **changes,
        )
        yield Stage(stack.enter_context(gateway), one, two)
