"""The official clients through two gateways behind round robin, before two real replicas.

Requests of the server (elicitation, sampling) go out on one gateway, and the client's answers
come back on the other.
"""

import contextlib
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
)

from tests.conformance.suite import everything_command
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.node import TypeScriptClient, typescript_client
from tests.support.ports import free_port
from tests.support.processes import running
from tests.support.round_robin import round_robin

ANSWER = {"username": "ada", "email": "ada@example.com"}


@dataclass(frozen=True)
class Stage:
    """The balancer's URL, the gateways behind it, and the address of each replica by name."""

    url: str
    gateways: tuple[Gateway, Gateway]
    replicas: dict[str, str]

    @contextlib.contextmanager
    def without(self, replica: str) -> Generator[None]:
        """No gateway knows this replica for the length of the block."""
        rest = [address for name, address in self.replicas.items() if name != replica]
        self._reload(rest)
        try:
            yield
        finally:
            self._reload(list(self.replicas.values()))

    def _reload(self, endpoints: list[str]) -> None:
        for gateway in self.gateways:
            number = gateway.status()["snapshot"]
            (backend,) = gateway.config["backends"]
            gateway.write_config(backends=[{**backend, "endpoints": endpoints}])
            gateway.wait_for_snapshot(number + 1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(everything_command(name)))
            for name in ("replica-a", "replica-b")
        }
        urls = {name: one.wait_for_line(r"^ready (\S+)")[1] for name, one in servers.items()}
        one, two = (
            stack.enter_context(
                gatehouse(
                    tmp_path_factory.mktemp(name),
                    policies=[allow()],
                    backends={"tracker": list(urls.values())},
                )
            )
            for name in ("one", "two")
        )
        entrances = [one.url("tracker"), two.url("tracker")]
        folder = tmp_path_factory.mktemp("balancer")
        url = stack.enter_context(round_robin(folder, entrances, free_port()))
        addresses = {name: urlsplit(replica).netloc for name, replica in urls.items()}
        yield Stage(url, (one, two), addresses)


async def elicit(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="accept", content={**ANSWER})


async def sample(
    context: ClientRequestContext, params: CreateMessageRequestParams
) -> CreateMessageResult:
    del context, params
    return CreateMessageResult(role="assistant", content=TextContent(text="sampled"), model="none")


@asynccontextmanager
async def connected(stage: Stage) -> AsyncGenerator[Client]:
    """A Python client with a session."""
    async with AsyncExitStack() as stack:
        http = httpx2.AsyncClient(headers={"x-api-key": KEY}, timeout=20)
        transport = streamable_http_client(
            stage.url, http_client=await stack.enter_async_context(http)
        )
        client = Client(
            transport,
            mode="legacy",
            read_timeout_seconds=20,
            elicitation_callback=elicit,
            sampling_callback=sample,
        )
        yield await stack.enter_async_context(client)


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def shown_text(client: TypeScriptClient, tool: str, **arguments: Any) -> str:
    answer = client.call_tool(tool, arguments)
    assert answer.error is None, answer.error
    return answer.result["content"][0]["text"]


async def test_the_python_client_keeps_its_session_and_answers_the_server(stage: Stage) -> None:
    async with connected(stage) as client:
        homes = {await text_of(client, "whoami") for _ in range(6)}
        assert len(homes) == 1
        assert "ada@example.com" in await text_of(client, "test_elicitation", message="who?")
        assert "sampled" in await text_of(client, "test_sampling", prompt="say")
    for gateway in stage.gateways:
        (home,) = homes
        calls = gateway.wait_for_records(2, method="tools/call", target="whoami")
        assert stage.replicas[home] in {call["endpoint"] for call in calls}


def test_the_typescript_client_keeps_its_session_and_answers_the_server(stage: Stage) -> None:
    with typescript_client(stage.url, {"x-api-key": KEY}) as client:
        assert client.connected.error is None
        assert len(client.connected.result["sessionId"]) > 32
        assert len({shown_text(client, "whoami") for _ in range(6)}) == 1
        assert "ada@example.com" in shown_text(client, "test_elicitation", message="who?")
        assert "sampled" in shown_text(client, "test_sampling", prompt="say")
        assert client.do("end").error is None


async def test_the_python_client_learns_that_its_session_is_gone_and_begins_another(
    stage: Stage,
) -> None:
    async with connected(stage) as client:
        home = await text_of(client, "whoami")
        with stage.without(home):
            for _ in stage.gateways:
                with pytest.raises(MCPError) as lost:
                    await client.call_tool("whoami", {})
                assert lost.value.error.code == -31404
                assert lost.value.error.data["reason"] == "session_unknown"
            async with connected(stage) as again:
                assert await text_of(again, "whoami") != home


def test_the_typescript_client_learns_that_its_session_is_gone_and_begins_another(
    stage: Stage,
) -> None:
    with typescript_client(stage.url, {"x-api-key": KEY}) as client:
        home = shown_text(client, "whoami")
        with stage.without(home):
            for _ in stage.gateways:
                lost = client.call_tool("whoami").error
                assert lost is not None
                assert (lost.kind, lost.code) == ("StreamableHTTPError", 404)
                assert "-31404" in lost.message
            with typescript_client(stage.url, {"x-api-key": KEY}) as again:
                assert shown_text(again, "whoami") != home
