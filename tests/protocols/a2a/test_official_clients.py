"""What the official client sends, in both versions and over JSON-RPC and REST, is deframed."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.client.errors import A2AClientError
from a2a.helpers import new_text_message
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTasksRequest,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskPushNotificationConfig,
    TaskState,
)

from gateway.model.call import Call, Deframed
from gateway.model.head import Headers, RequestHead
from tests.protocols.a2a.clients import PATH, a2a

URL = f"http://gateway.example{PATH}"
PUSH = TaskPushNotificationConfig(id="p", task_id="t", url="https://h.example")
SENT = SendMessageRequest(
    message=new_text_message("hello", role=Role.ROLE_USER, context_id="c"),
    configuration=SendMessageConfiguration(
        accepted_output_modes=["text/plain"], task_push_notification_config=PUSH
    ),
)
PAIR: dict[str, Any] = {"task_id": "t", "id": "p"}

Ask = Callable[[Client], Awaitable[Any] | AsyncIterator[Any]]
CASES: list[tuple[str, Ask, dict[str, Any]]] = [
    (
        "SendMessage",
        lambda client: client.send_message(SENT),
        {
            "context_id": "c",
            "role": "user",
            "text_bytes": 5,
            "part_types": ["text"],
            "push_urls": ["https://h.example"],
            "output_modes": ["text/plain"],
        },
    ),
    (
        "GetTask",
        lambda client: client.get_task(GetTaskRequest(id="t", history_length=2)),
        {"task_id": "t", "history_length": 2},
    ),
    (
        "ListTasks",
        lambda client: client.list_tasks(
            ListTasksRequest(context_id="c", status=TaskState.TASK_STATE_WORKING, page_size=3)
        ),
        {"context_id": "c", "status": "TASK_STATE_WORKING"},
    ),
    (
        "CancelTask",
        lambda client: client.cancel_task(CancelTaskRequest(id="t")),
        {"task_id": "t"},
    ),
    (
        "SubscribeToTask",
        lambda client: client.subscribe(SubscribeToTaskRequest(id="t")),
        {"task_id": "t"},
    ),
    (
        "CreateTaskPushNotificationConfig",
        lambda client: client.create_task_push_notification_config(PUSH),
        {"task_id": "t", "push_urls": ["https://h.example"]},
    ),
    (
        "GetTaskPushNotificationConfig",
        lambda client: client.get_task_push_notification_config(
            GetTaskPushNotificationConfigRequest(**PAIR)
        ),
        {"task_id": "t", "push_config_id": "p"},
    ),
    (
        "ListTaskPushNotificationConfigs",
        lambda client: client.list_task_push_notification_configs(
            ListTaskPushNotificationConfigsRequest(task_id="t")
        ),
        {"task_id": "t"},
    ),
    (
        "DeleteTaskPushNotificationConfig",
        lambda client: client.delete_task_push_notification_config(
            DeleteTaskPushNotificationConfigRequest(**PAIR)
        ),
        {"task_id": "t", "push_config_id": "p"},
    ),
    (
        "GetExtendedAgentCard",
        lambda client: client.get_extended_agent_card(GetExtendedAgentCardRequest()),
        {},
    ),
]
NOT_IN_03 = {
    ("JSONRPC", "ListTasks"),
    ("HTTP+JSON", "ListTasks"),
    ("HTTP+JSON", "ListTaskPushNotificationConfigs"),
    ("HTTP+JSON", "DeleteTaskPushNotificationConfig"),
}


async def sent(ask: Ask, binding: str, version: str, *, streaming: bool) -> httpx.Request:
    """The request that the official client makes; the answer is an error."""
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    card = AgentCard(
        supported_interfaces=[
            AgentInterface(url=URL, protocol_binding=binding, protocol_version=version)
        ],
        capabilities=AgentCapabilities(streaming=True, extended_agent_card=True),
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(keep)) as http:
        config = ClientConfig(
            httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding]
        )
        client = await create_client(card, config)
        with contextlib.suppress(A2AClientError):
            asked = ask(client)
            if isinstance(asked, AsyncIterator):
                await anext(asked)
            else:
                await asked
    (request,) = seen
    return request


def deframed(request: httpx.Request) -> Call:
    lines = [(name.decode(), value.decode()) for name, value in request.headers.raw]
    head = RequestHead(
        method=request.method, path=request.url.raw_path.decode(), headers=Headers(lines)
    )
    found = a2a.open(head).deframe(request.content)
    assert isinstance(found, Deframed), found
    return found.calls[0]


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
@pytest.mark.parametrize("version", ["1.0", "0.3"])
@pytest.mark.parametrize(("method", "ask", "attributes"), CASES, ids=[case[0] for case in CASES])
async def test_a_request_of_the_official_client_is_understood(
    binding: str, version: str, method: str, ask: Ask, attributes: dict[str, Any]
) -> None:
    if version == "0.3" and (binding, method) in NOT_IN_03:
        with pytest.raises(NotImplementedError):
            await sent(ask, binding, version, streaming=False)
        return
    streaming = method == "SubscribeToTask"
    call = deframed(await sent(ask, binding, version, streaming=streaming))
    assert (call.method, call.version) == (method, version)
    assert {name: call.attributes.get(name) for name in attributes} == attributes


@pytest.mark.parametrize("binding", ["JSONRPC", "HTTP+JSON"])
@pytest.mark.parametrize("version", ["1.0", "0.3"])
async def test_a_stream_of_the_official_client_is_understood(binding: str, version: str) -> None:
    request = await sent(lambda client: client.send_message(SENT), binding, version, streaming=True)
    call = deframed(request)
    assert (call.method, call.version) == ("SendStreamingMessage", version)
    assert call.attributes["push_urls"] == ["https://h.example"]
