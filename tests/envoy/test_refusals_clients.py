"""The refusal table as the users of the official clients see it."""

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from tests.support.gatehouse import KEY
from tests.support.node import Answer, typescript_client
from tests.support.refusal_stage import BODY_LIMIT, STRANGER_KEY, Stage, refusal_stage
from tests.support.tampering import Sent, Tampering


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with refusal_stage(tmp_path_factory.mktemp("refusals")) as started:
        yield started


@dataclass(frozen=True)
class Python:
    """A connected Python client, and the hand that spoils what it sends."""

    client: Client
    tampering: Tampering

    async def refused(
        self, tool: str, spoil: Callable[[Sent], Sent] | None = None, **arguments: Any
    ) -> tuple[int, MCPError]:
        """HTTP status and error of a call, whose request is spoilt on its way."""
        self.tampering.spoil = spoil
        with pytest.raises(MCPError) as refused:
            await self.client.call_tool(tool, arguments)
        self.tampering.spoil = None
        return self.tampering.status, refused.value


@asynccontextmanager
async def connected(
    stage: Stage, mode: str, route: str = "tracker", key: str = KEY
) -> AsyncGenerator[Python]:
    tampering = Tampering()
    headers = {"x-api-key": key}
    async with httpx2.AsyncClient(transport=tampering, headers=headers, timeout=20) as http:
        transport = streamable_http_client(stage.gateway.url(route), http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=20) as client:
            yield Python(client, tampering)


@dataclass(frozen=True)
class Row:
    """What spoils a call of `tool`, in which modes, and what its user then sees."""

    name: str
    status: int
    code: int
    reason: str
    tool: str = "echo"
    modes: tuple[str, ...] = ("legacy", "auto")
    spoil: Callable[[Stage, Sent], Sent] = lambda _, sent: sent


ROWS = [
    Row("denied", 200, -31403, "denied", tool="delete"),
    Row("missing scope", 403, -31403, "missing_scope", tool="whoami"),
    Row(
        "bad credential", 401, -31401, "unauthenticated",
        spoil=lambda _, sent: sent.with_headers(x_api_key="guess"),
    ),
    Row(
        "invalid params", 400, -32602, "invalid_params",
        spoil=lambda _, sent: sent.with_body('"name":"echo"', '"name":7'),
    ),
    Row(
        "header mismatch", 400, -32020, "header_mismatch", modes=("auto",),
        spoil=lambda _, sent: sent.with_headers(mcp_name="delete"),
    ),
    Row(
        "session unknown", 404, -31404, "session_unknown", modes=("legacy",),
        spoil=lambda _, sent: sent.with_headers(mcp_session_id="forged"),
    ),
    Row(
        "own fault", 200, -31500, "own_fault",
        spoil=lambda stage, sent: sent.with_headers(**stage.unjudgeable()),
    ),
]  # fmt: skip
EACH = [pytest.param(row, mode, id=f"{row.name}-{mode}") for row in ROWS for mode in row.modes]


@pytest.mark.parametrize(("row", "mode"), EACH)
async def test_the_python_client_shows_code_message_and_data(
    stage: Stage, row: Row, mode: str
) -> None:
    async with connected(stage, mode) as python:
        status, error = await python.refused(row.tool, lambda sent: row.spoil(stage, sent))
    assert status == row.status
    assert (error.error.code, error.error.data["reason"]) == (row.code, row.reason)
    assert error.error.message
    reference = error.error.data["reference"]
    assert stage.gateway.wait_for_records(1, audit_id=reference, reason=row.reason)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_client_goes_on_after_a_refusal(stage: Stage, mode: str) -> None:
    async with connected(stage, mode) as python:
        await python.refused("delete")
        result = await python.client.call_tool("echo", {"text": "still here"})
    assert not result.is_error


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_client_does_not_hang_on_what_has_no_id(stage: Stage, mode: str) -> None:
    """An unreadable body has no id to answer; the client still learns that its call failed."""

    def cut(sent: Sent) -> Sent:
        return Sent(sent.headers, sent.body[:-1])

    async with connected(stage, mode) as python:
        status, error = await python.refused("echo", cut)
    assert status == 400
    assert error.error.code in (-32700, -32603)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_client_is_told_that_a_body_is_too_large(stage: Stage, mode: str) -> None:
    async with connected(stage, mode, "small") as python:
        status, error = await python.refused("echo", text="x" * BODY_LIMIT)
    assert status == 413
    assert error.error.code in (-31413, -32603)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("route", "key", "code"),
    [
        ("tracker", STRANGER_KEY, -31403),
        ("tracker", "guess", -31401),
        ("down", KEY, -31503),
    ],
    ids=["denied", "bad credential", "backend down"],
)
async def test_the_python_client_cannot_connect_where_nothing_is_allowed_or_there(
    stage: Stage, route: str, key: str, code: int, mode: str
) -> None:
    with pytest.raises(BaseExceptionGroup) as failed:
        async with connected(stage, mode, route, key):
            pass
    assert [error.error.code for error in protocol_errors(failed.value)] == [code]


def protocol_errors(group: BaseExceptionGroup[BaseException]) -> Iterator[MCPError]:
    """The client's task groups wrap what it has to say, one in another."""
    for one in group.exceptions:
        if isinstance(one, MCPError):
            yield one
        elif isinstance(one, BaseExceptionGroup):
            yield from protocol_errors(cast("BaseExceptionGroup[BaseException]", one))


def told(answer: Answer) -> dict[str, Any]:
    """The JSON-RPC error in the text that the TypeScript client makes of an HTTP error status."""
    assert answer.error is not None
    assert answer.error.kind == "StreamableHTTPError"
    body: dict[str, Any] = json.loads(answer.error.message[answer.error.message.index("{") :])
    return body


def test_the_typescript_client_shows_code_message_and_data(stage: Stage) -> None:
    with typescript_client(stage.gateway.url("tracker"), {"x-api-key": KEY}) as client:
        denied = client.call_tool("delete")
        allowed = client.call_tool("echo", {"text": "still here"})
    assert denied.error is not None
    assert (denied.error.kind, denied.error.code) == ("McpError", -31403)
    assert "tools/call is not allowed" in denied.error.message
    assert denied.error.data["reason"] == "denied"
    assert stage.gateway.wait_for_records(1, audit_id=denied.error.data["reference"])
    assert allowed.error is None


def test_the_typescript_client_shows_status_and_body_of_what_has_an_error_status(
    stage: Stage,
) -> None:
    with typescript_client(stage.gateway.url("tracker"), {"x-api-key": KEY}) as client:
        scope = client.call_tool("whoami")
        params = client.do("request", method="tools/call", params={"name": 7})
    for answer, status, code in ((scope, 403, -31403), (params, 400, -32602)):
        assert answer.error is not None
        assert answer.error.code == status
        body = told(answer)
        assert body["error"]["code"] == code
        assert stage.gateway.wait_for_records(1, audit_id=body["error"]["data"]["reference"])


def test_the_typescript_client_is_told_that_a_body_is_too_large(stage: Stage) -> None:
    with typescript_client(stage.gateway.url("small"), {"x-api-key": KEY}) as client:
        answer = client.call_tool("echo", {"text": "x" * BODY_LIMIT})
    assert answer.error is not None
    assert answer.error.code == 413
    assert told(answer)["error"]["code"] == -31413


@pytest.mark.parametrize(
    ("route", "headers", "code", "inner"),
    [
        ("tracker", {"x-api-key": STRANGER_KEY}, -31403, None),
        ("tracker", {"x-api-key": "guess"}, 401, -31401),
        ("tracker", {}, 401, -31401),
        ("tracker", {"x-api-key": KEY, "mcp-session-id": "forged"}, 404, -31404),
    ],
    ids=["denied", "bad credential", "no credential", "session unknown"],
)
def test_the_typescript_client_cannot_connect(
    stage: Stage, route: str, headers: dict[str, str], code: int, inner: int | None
) -> None:
    with typescript_client(stage.gateway.url(route), headers) as client:
        answer = client.connected
    assert answer.error is not None
    assert answer.error.code == code
    if inner is not None:
        assert told(answer)["error"]["code"] == inner


def test_the_typescript_client_is_told_that_the_backend_is_down(stage: Stage) -> None:
    with typescript_client(stage.gateway.url("down"), {"x-api-key": KEY}) as client:
        answer = client.connected
    assert answer.error is not None
    assert answer.error.code in (-31503, 503)
