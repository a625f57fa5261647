"""The official clients of MCP, OpenAI and A2A, each asking for one thing that the demo's policies
allow or refuse. What comes back is a word: "ok", a status, the code of a JSON-RPC error, or
"unreachable"."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, TypeAlias, cast

import httpx
import httpx2
import openai
from a2a.client import A2AClientError, ClientConfig, create_client
from a2a.client.errors import A2AClientTimeoutError
from a2a.helpers import new_text_message
from a2a.types.a2a_pb2 import Role, SendMessageRequest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

KEY: Final = "demo-key"
SECONDS: Final = 10.0
OK: Final = "ok"
UNREACHABLE: Final = "unreachable"

Use: TypeAlias = Callable[[str], Awaitable[None]]
"""One use of the deployment at a URL; an exception says that it was refused, and how."""


@contextlib.asynccontextmanager
async def mcp_client(url: str) -> AsyncGenerator[Client]:
    """A client with a session of its own."""
    async with httpx2.AsyncClient(headers={"x-api-key": KEY}, timeout=SECONDS) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, mode="legacy", read_timeout_seconds=SECONDS) as client:
            yield client


async def replica_of(client: Client) -> str:
    """The name of the replica that has the client's session."""
    result = await client.call_tool("whoami", {})
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def _session(url: str) -> None:
    async with mcp_client(url) as client:
        assert (await replica_of(client)).startswith("replica-")


async def _delete(url: str) -> None:
    async with mcp_client(url) as client:
        await client.call_tool("delete_repo", {"owner": "acme", "repo": "website"})


async def _chat(url: str, model: str) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=SECONDS
    ) as client:
        answer = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hello"}]
        )
        assert (answer.choices[0].message.content or "").endswith("hello")


async def _small(url: str) -> None:
    await _chat(url, "demo-small")


async def _large(url: str) -> None:
    await _chat(url, "demo-large")


async def _agent(url: str) -> None:
    headers = {"x-api-key": KEY}
    async with httpx.AsyncClient(headers=headers, timeout=SECONDS, trust_env=False) as http:
        config = ClientConfig(httpx_client=http, streaming=False)
        client = await create_client(f"{url}/agents/triage", config)
        message = new_text_message("hello", role=Role.ROLE_USER)
        request = SendMessageRequest(message=message)
        events = [event async for event in client.send_message(request)]
        assert events[-1].task.artifacts


ALLOWED: Final[dict[str, Use]] = {"session": _session, "chat": _small, "agent": _agent}
FORBIDDEN: Final[dict[str, Use]] = {"deletion": _delete, "large model": _large}


async def outcome(use: Use, url: str) -> str:
    """Use it once. Raises what is not a refusal."""
    try:
        await use(url)
    except Exception as error:  # noqa: BLE001  an unknown one is raised again
        return _word(error)
    return OK


def _word(error: BaseException) -> str:
    while isinstance(error, ExceptionGroup):  # of the MCP client's tasks
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    match error:
        case openai.APIStatusError():
            return str(error.status_code)
        case httpx.HTTPStatusError() | httpx2.HTTPStatusError():
            return str(error.response.status_code)
        case MCPError():
            return str(error.error.code)
        case openai.APIConnectionError() | httpx.TransportError() | httpx2.TransportError():
            return UNREACHABLE
        case A2AClientTimeoutError():
            return UNREACHABLE
        case A2AClientError():
            cause = error.__cause__
            return _word(cause) if cause is not None else f"{type(error).__name__}: {error}"
        case _:
            raise error
