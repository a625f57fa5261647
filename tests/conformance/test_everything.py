import contextlib
import json
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.suite import everything_command
from tests.support.processes import running

KEY = "a key of the tests with 32 characters"
VERSION = "2026-07-28"
TOOL = "test_input_required_result_request_state"


@contextlib.contextmanager
def replicas(*options: str) -> Generator[tuple[str, str]]:
    with (
        running(everything_command("replica-a", *options)) as first,
        running(everything_command("replica-b", *options)) as second,
    ):
        yield first.wait_for_line(r"^ready (\S+)")[1], second.wait_for_line(r"^ready (\S+)")[1]


@pytest.fixture
def bus() -> Generator[Path]:
    # Not below tmp_path, whose length comes near the limit of a socket's path.
    with tempfile.TemporaryDirectory(prefix="bus") as directory:
        yield Path(directory)


def request(method: str, name: str | None = None, **params: Any) -> dict[str, Any]:
    """The arguments of an httpx request that carries this modern MCP request."""
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": VERSION,
        "mcp-method": method,
    }
    if name is not None:
        headers["mcp-name"] = name
        params["name"] = name
    params["_meta"] = meta
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return {"headers": headers, "json": body}


def message(response: httpx.Response) -> dict[str, Any]:
    """The JSON-RPC message of a response, be it JSON or one event."""
    data = next((line for line in response.text.splitlines() if line.startswith("data:")), None)
    return json.loads(data.removeprefix("data:") if data else response.text)


def call_on_one_retry_on_the_other(first: str, second: str) -> dict[str, Any]:
    asked = message(httpx.post(first, **request("tools/call", TOOL, arguments={})))["result"]
    retry = request(
        "tools/call",
        TOOL,
        arguments={},
        requestState=asked["requestState"],
        inputResponses={"confirm": {"action": "accept", "content": {"ok": True}}},
    )
    return message(httpx.post(second, **retry))


def test_replicas_with_a_shared_key_open_each_others_request_state() -> None:
    with replicas("--shared-key", KEY) as (first, second):
        answer = call_on_one_retry_on_the_other(first, second)
    assert answer["result"]["content"][0]["text"] == "state-ok"


def test_replicas_without_a_shared_key_refuse_each_others_request_state() -> None:
    with replicas() as (first, second):
        answer = call_on_one_retry_on_the_other(first, second)
    assert answer["error"]["code"] == -32602


def test_replicas_on_one_bus_notify_each_others_listeners(bus: Path) -> None:
    listen = request("subscriptions/listen", notifications={"toolsListChanged": True})
    with (
        replicas("--bus", str(bus)) as (first, second),
        httpx.stream("POST", first, timeout=5, **listen) as stream,
    ):
        lines = stream.iter_lines()
        methods: list[str] = []
        for line in lines:
            if line.startswith("data:"):
                methods.append(json.loads(line.removeprefix("data:"))["method"])
                if len(methods) == 2:
                    break
                httpx.post(second, **request("tools/call", "test_trigger_tool_change"))
    assert methods == [
        "notifications/subscriptions/acknowledged",
        "notifications/tools/list_changed",
    ]


def test_a_replica_tells_its_name() -> None:
    with running(everything_command("replica-z"), ready="^ready") as server:
        url = server.wait_for_line(r"^ready (\S+)")[1]
        answer = message(httpx.post(url, **request("tools/call", "whoami", arguments={})))
    assert answer["result"]["content"][0]["text"] == "replica-z"
