import contextlib
import json
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import TextContent

from tests.support.backends import Backend, ToolCall, python_backend, typescript_backend
from tests.support.node import typescript_client

Start = Callable[[Path], contextlib.AbstractContextManager[Backend]]

BACKENDS: dict[str, Start] = {
    "python-stateful": python_backend,
    "python-stateless": lambda directory: python_backend(directory, stateless=True),
    "python-json": lambda directory: python_backend(directory, json_response=True),
    "typescript": typescript_backend,
}


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Backend]:
    with BACKENDS[request.param](tmp_path) as started:
        yield started


async def test_the_python_client_calls_every_backend(backend: Backend) -> None:
    async with Client(backend.url) as client:
        result = await client.call_tool("echo", {"text": "hello"})
    assert isinstance(result.content[0], TextContent)
    assert json.loads(result.content[0].text) == {"text": "hello"}
    assert backend.calls() == [ToolCall("echo", {"text": "hello"})]


def test_the_typescript_client_calls_every_backend(backend: Backend) -> None:
    with typescript_client(backend.url) as client:
        assert client.connected.error is None
        assert client.tool_names() == ["echo", "delete", "whoami"]
        assert client.call_tool("whoami").result["content"][0]["text"] == "replica-a"
        client.call_tool("delete", {"target": "all"})
    assert backend.calls() == [ToolCall("whoami", {}), ToolCall("delete", {"target": "all"})]


def test_calls_can_be_forgotten(tmp_path: Path) -> None:
    with typescript_backend(tmp_path) as backend, typescript_client(backend.url) as client:
        client.call_tool("echo")
        backend.forget()
        assert backend.calls() == []
        client.call_tool("echo")
        assert len(backend.wait_for_calls(1)) == 1


def test_backends_keep_their_names_and_calls_apart(tmp_path: Path) -> None:
    with (
        python_backend(tmp_path, "replica-a") as first,
        python_backend(tmp_path, "replica-b") as second,
        typescript_client(second.url) as client,
    ):
        assert client.call_tool("whoami").result["content"][0]["text"] == "replica-b"
        assert (len(first.calls()), len(second.calls())) == (0, 1)


def test_what_the_typescript_client_throws_is_told(tmp_path: Path) -> None:
    with python_backend(tmp_path) as backend, typescript_client(backend.url) as client:
        answer = client.do("request", method="no/such")
    assert answer.error is not None
    assert (answer.error.kind, answer.error.code) == ("McpError", -32601)


def test_a_failed_connection_is_an_answer_too(tmp_path: Path) -> None:
    with python_backend(tmp_path) as backend:
        url = backend.url.replace("/mcp", "/nothing")
        with typescript_client(url) as client:
            assert client.connected.error is not None
            assert client.connected.error.code == 404
