import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Generator

import httpx
import pytest
from a2a.client import A2AClientError, Client, ClientConfig, create_client
from a2a.helpers import get_artifact_text, get_stream_response_text, new_text_message
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    Role,
    SendMessageRequest,
    StreamResponse,
    TaskState,
)
from a2a.utils.errors import TaskNotFoundError

from tests.support.processes import Process, running

BINDINGS = ("JSONRPC", "HTTP+JSON")


def command(name: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo.agent", "--port", "0", "--name", name, *options]


def url_of(process: Process) -> str:
    return process.wait_for_line(r"^ready (http://[^/]+)")[1]


@pytest.fixture(scope="module")
def agent() -> Generator[str]:
    with running(command("replica-a")) as process:
        yield url_of(process)


@contextlib.asynccontextmanager
async def client_of(url: str, binding: str, *, streaming: bool = False) -> AsyncGenerator[Client]:
    async with httpx.AsyncClient(timeout=10) as http:
        config = ClientConfig(
            httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding]
        )
        yield await create_client(url, config)


async def told(client: Client, text: str) -> list[StreamResponse]:
    message = new_text_message(text, role=Role.ROLE_USER)
    return [event async for event in client.send_message(SendMessageRequest(message=message))]


@pytest.mark.parametrize("binding", BINDINGS)
async def test_an_answer_names_the_replica(agent: str, binding: str) -> None:
    async with client_of(agent, binding) as client:
        (event,) = await told(client, "hello world")
        assert get_artifact_text(event.task.artifacts[0], " ") == "replica-a: hello world"
        again = await client.get_task(GetTaskRequest(id=event.task.id))
    assert again.status.state == TaskState.TASK_STATE_COMPLETED


@pytest.mark.parametrize("binding", BINDINGS)
async def test_an_answer_streams_word_by_word(agent: str, binding: str) -> None:
    async with client_of(agent, binding, streaming=True) as client:
        events = await told(client, "one two")
    words = [get_stream_response_text(one) for one in events if one.HasField("artifact_update")]
    assert words == ["replica-a:", "one", "two"]


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_waiting_task_ends_when_it_is_cancelled(agent: str, binding: str) -> None:
    async with client_of(agent, binding, streaming=True) as client:
        message = new_text_message("wait for me", role=Role.ROLE_USER)
        stream = client.send_message(SendMessageRequest(message=message))
        task = (await anext(stream)).task
        assert task.status.state == TaskState.TASK_STATE_WORKING
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        assert cancelled.status.state == TaskState.TASK_STATE_CANCELED
        last = [event async for event in stream][-1]
    assert last.status_update.status.state == TaskState.TASK_STATE_CANCELED


@pytest.mark.parametrize("binding", BINDINGS)
async def test_friends_are_told_more(agent: str, binding: str) -> None:
    async with client_of(agent, binding) as client:
        card = await client.get_extended_agent_card(GetExtendedAgentCardRequest())
    assert "friends" in card.description


async def test_the_old_protocol_is_spoken_too(agent: str) -> None:
    parts = [{"kind": "text", "text": "hello"}]
    message = {"kind": "message", "role": "user", "messageId": "m", "parts": parts}
    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}}
    async with httpx.AsyncClient() as http:
        answer = (await http.post(agent, json=body)).json()
        task = (await http.get(f"{agent}/v1/tasks/{answer['result']['id']}")).json()
    assert task["id"] == answer["result"]["id"]


async def test_a_task_stays_in_its_replica(agent: str) -> None:
    with running(command("replica-b")) as process:
        async with client_of(agent, "JSONRPC") as first:
            (event,) = await told(first, "hello")
        async with client_of(url_of(process), "JSONRPC") as second:
            with pytest.raises(TaskNotFoundError):
                await second.get_task(GetTaskRequest(id=event.task.id))
            (event,) = await told(second, "hello")
    assert get_artifact_text(event.task.artifacts[0], " ") == "replica-b: hello"


async def test_the_card_names_the_url_that_it_is_given() -> None:
    with running(command("replica-a", "--url", "https://agents.example/demo")) as process:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{url_of(process)}/.well-known/agent-card.json")
    urls = {one["url"] for one in answer.json()["supportedInterfaces"]}
    assert urls == {"https://agents.example/demo"}


async def test_it_prints_one_line_and_stops_at_once_under_open_streams() -> None:
    with running(command("replica-a")) as process:
        async with client_of(url_of(process), "JSONRPC", streaming=True) as client:
            message = new_text_message("wait", role=Role.ROLE_USER)
            stream = client.send_message(SendMessageRequest(message=message))
            assert (await anext(stream)).task.id
            assert await asyncio.to_thread(process.stop, seconds=3) == 0
            with pytest.raises(A2AClientError):
                await anext(stream)
        assert len(process.stdout.lines) == 1
        assert process.stderr.lines == []


def test_a_port_in_use_is_one_clear_line() -> None:
    with running(command("replica-a")) as process:
        port = url_of(process).rsplit(":", 1)[1]
        with running([sys.executable, "-m", "demo.agent", "--port", port]) as second:
            assert second.wait(5) == 1
            assert len(second.stderr.lines) == 1
            assert "Address already in use" in second.stderr.lines[0]
