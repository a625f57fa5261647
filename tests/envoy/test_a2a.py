"""Agents behind the gateway, asked by the official A2A client in every binding."""

import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from typing import Any, cast

import grpc
import grpc.aio
import httpx
import pytest
from a2a.client import A2AClientError, Client, ClientConfig, create_client
from a2a.helpers import (
    get_artifact_text,
    get_stream_response_text,
    new_text_message,
    new_url_message,
)
from a2a.server.request_handlers import GrpcHandler
from a2a.types import a2a_pb2_grpc
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import TaskNotFoundError

from demo.agent import build_handler
from tests.support.gatehouse import (
    KEY,
    Gateway,
    allow,
    gatehouse,
    gateway_config,
    key_entry,
    policy,
)
from tests.support.ports import free_ports
from tests.support.processes import running

OTHER_KEY = "other-key-0123456789"
BINDINGS = ("JSONRPC", "HTTP+JSON")
ROUTES = ("buffered", "duplex")
SERVICE = "lf.a2a.v1.A2AService"
FOREIGN_TASK = "00000000-0000-0000-0000-00000000000f"

SOLO = policy(
    "solo",
    "solo",
    {"name": "use", "effect": "allow", "principals": ["key:tester"], "agents": ["solo", "solo/*"]},
    {"name": "no-lists", "effect": "deny", "methods": ["ListTasks"], "agents": ["*"]},
    {
        "name": "own-files-only",
        "effect": "deny",
        "agents": ["*"],
        "when": 'a2a.urls.exists(url, !url.startsWith("https://files.example/"))',
    },
    {
        "name": "no-push",
        "effect": "deny",
        "agents": ["*"],
        "when": 'a2a.push_urls.exists(url, !url.startsWith("https://hooks.example/"))',
    },
    {
        "name": "not-foreign",
        "effect": "deny",
        "agents": ["*"],
        "when": f'a2a.task_id == "{FOREIGN_TASK}"',
    },
)
POLICIES = [
    SOLO,
    allow("duo", "duo", principals=["key:tester"]),
    policy(
        "wire",
        "wire",
        {
            "name": "use",
            "effect": "allow",
            "methods": ["SendMessage", "SendStreamingMessage", "GetTask"],
            "agents": ["wire"],
        },
        {
            "name": "not-foreign",
            "effect": "deny",
            "agents": ["*"],
            "when": f'a2a.task_id == "{FOREIGN_TASK}"',
        },
        {"name": "no-push", "effect": "deny", "agents": ["*"], "when": "size(a2a.push_urls) > 0"},
    ),
]


@contextlib.contextmanager
def agent(name: str) -> Generator[str]:
    command = [sys.executable, "-m", "demo.agent", "--port", "0", "--name", name]
    with running(command) as process:
        yield process.wait_for_line(r"^ready (http://[^/]+)")[1]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Gateway, str]]:
    """The gateway, and where the server of its gRPC route has to listen."""
    folder = tmp_path_factory.mktemp("a2a")
    (port,) = free_ports(1)
    wire = f"127.0.0.1:{port}"
    with agent("replica-a") as first, agent("replica-b") as second, agent("alone") as alone:
        backends = {"solo": [alone], "duo": [first, second], "wire": [f"http://{wire}"]}
        config = gateway_config(backends, folder, routes=routes())
        for backend in config["backends"]:
            backend["path"] = None if backend["name"] == "wire" else "/"
            backend["http2"] = backend["name"] == "wire"
        config["identity"]["keys"].append(key_entry("other", OTHER_KEY))
        with gatehouse(folder, config=config, policies=POLICIES) as gateway:
            yield gateway, wire


def routes() -> list[dict[str, Any]]:
    solo = [
        {"name": mode, "path": f"/agents/{mode}", "mode": mode, "backend": "solo"}
        for mode in ROUTES
    ]
    duo = {"name": "duo", "path": "/agents/duo", "backend": "duo"}
    wire = {"name": "wire", "path": f"/{SERVICE}", "backend": "wire"}
    return [{"protocol": "a2a", **route} for route in (*solo, duo, wire)]


@pytest.fixture
def gateway(stage: tuple[Gateway, str]) -> Gateway:
    return stage[0]


@contextlib.asynccontextmanager
async def client_of(
    url: str | AgentCard, binding: str, *, streaming: bool = False, key: str = KEY
) -> AsyncGenerator[Client]:
    """A client that has found its way by the agent's card."""
    async with httpx.AsyncClient(headers={"x-api-key": key}, timeout=10) as http:
        config = ClientConfig(
            httpx_client=http, streaming=streaming, supported_protocol_bindings=[binding]
        )
        yield await create_client(url, config)


def told(text: str) -> SendMessageRequest:
    return SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))


async def answered(client: Client, request: SendMessageRequest) -> list[StreamResponse]:
    return [event async for event in client.send_message(request)]


async def task_of(client: Client, request: SendMessageRequest) -> Task:
    return (await answered(client, request))[-1].task


def text_of(task: Task) -> str:
    return " ".join(get_artifact_text(one, " ") for one in task.artifacts)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("route", ROUTES)
async def test_the_card_leads_clients_to_the_gateway(
    gateway: Gateway, route: str, binding: str
) -> None:
    url = gateway.url(route)
    async with httpx.AsyncClient(headers={"x-api-key": KEY}) as http:
        card = (await http.get(f"{url}/.well-known/agent-card.json")).json()
    assert [one["url"] for one in card["supportedInterfaces"]] == [url] * 4
    async with client_of(url, binding) as client:
        task = await task_of(client, told("hello world"))
        assert text_of(task) == "alone: hello world"
        again = await client.get_task(GetTaskRequest(id=task.id, history_length=1))
        extended = await client.get_extended_agent_card(GetExtendedAgentCardRequest())
    assert again.id == task.id
    assert "friends" in extended.description
    assert {one.url for one in extended.supported_interfaces} == {url}


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("route", ROUTES)
async def test_an_answer_comes_as_a_stream(gateway: Gateway, route: str, binding: str) -> None:
    async with client_of(gateway.url(route), binding, streaming=True) as client:
        events = await answered(client, told("one two"))
    texts = [
        get_stream_response_text(event) for event in events if event.HasField("artifact_update")
    ]
    assert texts == ["alone:", "one", "two"]
    assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("route", ROUTES)
async def test_a_task_can_be_followed_and_cancelled(
    gateway: Gateway, route: str, binding: str
) -> None:
    async with client_of(gateway.url(route), binding, streaming=True) as client:
        stream = client.send_message(told("wait"))
        task = (await anext(stream)).task
        following = client.subscribe(SubscribeToTaskRequest(id=task.id))
        assert (await anext(following)).task.id == task.id
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        assert cancelled.status.state == TaskState.TASK_STATE_CANCELED
        last = [event async for event in following][-1]
        assert last.status_update.status.state == TaskState.TASK_STATE_CANCELED
        await close(stream)


async def close(stream: AsyncIterator[StreamResponse]) -> None:
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_tenant_is_part_of_the_agents_name(gateway: Gateway, binding: str) -> None:
    async with client_of(gateway.url("buffered"), binding) as client:
        request = told("hello")
        request.tenant = "acme"
        assert text_of(await task_of(client, request)) == "alone: hello"
    record = gateway.wait_for_records(1, target="solo/acme")[-1]
    assert record["method"] == "SendMessage"


async def test_both_replicas_answer(gateway: Gateway) -> None:
    async with client_of(gateway.url("duo"), "JSONRPC") as client:
        said = {text_of(await task_of(client, told("hello"))) for _ in range(20)}
    assert said == {"replica-a: hello", "replica-b: hello"}


DENIED = {"JSONRPC": "JSON-RPC Error -31403", "HTTP+JSON": "HTTP Error 403"}


def pushing(url: str) -> SendMessageRequest:
    request = told("hello")
    config = TaskPushNotificationConfig(url=url)
    request.configuration.CopyFrom(SendMessageConfiguration(task_push_notification_config=config))
    return request


def linking(url: str) -> SendMessageRequest:
    return SendMessageRequest(message=new_url_message(url, role=Role.ROLE_USER))


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("route", ROUTES)
async def test_what_a_message_carries_is_judged(
    gateway: Gateway, route: str, binding: str, *, streaming: bool
) -> None:
    async with client_of(gateway.url(route), binding, streaming=streaming) as client:
        for request in (linking("https://evil.example/x"), pushing("http://169.254.169.254/")):
            with pytest.raises(A2AClientError, match=DENIED[binding]):
                await answered(client, request)
        assert await answered(client, pushing("https://hooks.example/me"))
        assert await answered(client, linking("https://files.example/x"))


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_method_is_denied(gateway: Gateway, binding: str) -> None:
    async with client_of(gateway.url("buffered"), binding) as client:
        with pytest.raises(A2AClientError, match=DENIED[binding]):
            await client.list_tasks(ListTasksRequest())
    record = gateway.wait_for_records(1, method="ListTasks")[-1]
    assert (record["decision"], record["policy"], record["rule"]) == ("refuse", "solo", "no-lists")


async def test_whoever_may_not_use_an_agent_does_not_see_its_card(gateway: Gateway) -> None:
    async with httpx.AsyncClient(headers={"x-api-key": OTHER_KEY}) as http:
        answer = await http.get(f"{gateway.url('buffered')}/.well-known/agent-card.json")
    assert answer.status_code == 403
    (detail,) = answer.json()["error"]["details"]
    assert detail["reason"] == "DENIED"
    assert detail["metadata"]["reference"] == answer.headers["x-gatehouse-audit-id"]


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_task_that_is_denied_is_not_there(gateway: Gateway, binding: str) -> None:
    async with client_of(gateway.url("buffered"), binding) as client:
        with pytest.raises(TaskNotFoundError):
            await client.get_task(GetTaskRequest(id=FOREIGN_TASK))
        with pytest.raises(TaskNotFoundError):
            await client.cancel_task(CancelTaskRequest(id=FOREIGN_TASK))


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("route", ROUTES)
async def test_the_official_client_of_03_is_served_as_well(
    gateway: Gateway, route: str, binding: str
) -> None:
    old = AgentInterface(url=gateway.url(route), protocol_binding=binding, protocol_version="0.3")
    card = AgentCard(supported_interfaces=[old], capabilities=AgentCapabilities(streaming=True))
    for streaming in (False, True):
        async with client_of(card, binding, streaming=streaming) as client:
            events = await answered(client, told("hello"))
            ident = events[0].task.id or events[0].status_update.task_id
            task = await client.get_task(GetTaskRequest(id=ident))
            assert text_of(task) == "alone: hello"
            with pytest.raises(A2AClientError, match=r"not allowed|HTTP Error 403"):
                await answered(client, linking("https://evil.example/x"))
    versions = {one["version"] for one in gateway.wait_for_records(2, method="SendMessage")}
    assert "0.3" in versions


async def test_versions_do_not_mix(gateway: Gateway) -> None:
    url = gateway.url("buffered")
    message = {
        "kind": "message",
        "role": "user",
        "messageId": "m-1",
        "parts": [{"kind": "text", "text": "hello"}],
    }
    body = {"jsonrpc": "2.0", "id": 7, "method": "message/send", "params": {"message": message}}
    async with httpx.AsyncClient(headers={"x-api-key": KEY}) as http:
        answer = (await http.post(url, json=body)).json()
        assert answer["id"] == 7
        assert answer["result"]["artifacts"][0]["parts"][0]["text"] == "alone:"
        ident = answer["result"]["id"]
        task = (await http.get(f"{url}/v1/tasks/{ident}")).json()
        assert task["id"] == ident
        refused = (await http.post(url, json={**body, "method": "SendMessage"})).json()
    assert refused["id"] == 7
    assert refused["error"]["code"] == -32009


@contextlib.asynccontextmanager
async def grpc_agent(address: str) -> AsyncGenerator[None]:
    server = grpc.aio.server()
    handler = GrpcHandler(build_handler("wire", f"http://{address}"))
    cast("Any", a2a_pb2_grpc).add_A2AServiceServicer_to_server(handler, server)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


@contextlib.asynccontextmanager
async def stub_of(gateway: Gateway) -> AsyncGenerator[Any]:
    authority = gateway.url("wire").split("/")[2]
    async with grpc.aio.insecure_channel(authority) as channel:
        yield a2a_pb2_grpc.A2AServiceStub(channel)


METADATA = (("x-api-key", KEY), ("a2a-version", "1.0"))


async def test_grpc_is_judged_like_the_other_bindings(stage: tuple[Gateway, str]) -> None:
    gateway, address = stage
    async with grpc_agent(address), stub_of(gateway) as stub:
        task = await ready(stub, told("hello"))
        assert text_of(task) == "wire: hello"
        assert (await stub.GetTask(GetTaskRequest(id=task.id), metadata=METADATA)).id == task.id
        events = [e async for e in stub.SendStreamingMessage(told("a b"), metadata=METADATA)]
        assert events[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


REFUSED = {
    "denied": (
        ("SendMessage", pushing("https://hooks.example/"), METADATA, None),
        (grpc.StatusCode.PERMISSION_DENIED, "SendMessage is not allowed"),
    ),
    "method": (
        ("CancelTask", CancelTaskRequest(id="t-1"), METADATA, None),
        (grpc.StatusCode.NOT_FOUND, "there is no such task"),
    ),
    "task": (
        ("GetTask", GetTaskRequest(id=FOREIGN_TASK), METADATA, None),
        (grpc.StatusCode.NOT_FOUND, "there is no such task"),
    ),
    "version": (
        ("SendMessage", told("x"), METADATA[:1], None),
        (grpc.StatusCode.INVALID_ARGUMENT, "this service is of A2A 1.0"),
    ),
    "compressed": (
        ("SendMessage", told("x" * 9_999), METADATA, grpc.Compression.Gzip),
        (grpc.StatusCode.INVALID_ARGUMENT, "compressed gRPC messages are not accepted"),
    ),
    "identity": (
        ("SendMessage", told("x"), METADATA[1:], None),
        (grpc.StatusCode.UNAUTHENTICATED, ""),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_grpc_client_is_told_by_status(gateway: Gateway, case: str) -> None:
    (call, request, metadata, compression), (code, text) = REFUSED[case]
    async with stub_of(gateway) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(stub, call)(request, metadata=metadata, compression=compression)
    assert caught.value.code() is code
    assert text in (caught.value.details() or "")


async def ready(stub: Any, request: SendMessageRequest) -> Task:
    """The first answer, once the gateway has found the server healthy."""
    while True:
        try:
            response = await stub.SendMessage(request, metadata=METADATA, timeout=10)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        else:
            task: Task = response.task
            return task
