"""What Envoy answers by itself: JSON of the protocol, the right status, no inner reasons."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    CommonResponse,
    HeaderMutation,
    HeadersResponse,
    ImmediateResponse,
    ProcessingRequest,
    ProcessingResponse,
)
from envoy_data_plane.envoy.type.v3 import HttpStatus

from tests.edge.stage import Service, Upstream, echoing, gateway_of, go_on, running, serving

INNER = ("ext_proc", "gatehouse_workers", "upstream connect", "reset reason", "rbac", "grpc")


def forbidden_mutation(request: ProcessingRequest) -> ProcessingResponse:
    """Sets a header that the service may not set, which Envoy takes for a broken service."""
    if not request.request_headers:
        return go_on(request)
    header = HeaderValueOption(header=HeaderValue(key="authorization", raw_value=b"x"))
    common = CommonResponse(header_mutation=HeaderMutation(set_headers=[header]))
    return ProcessingResponse(request_headers=HeadersResponse(response=common))


def bodiless(status: int) -> Callable[[ProcessingRequest], ProcessingResponse]:
    """An answer with a status and nothing else, as no version of the service gives it."""

    def answer(_: ProcessingRequest) -> ProcessingResponse:
        code = HttpStatus(code=status)  # pyright: ignore[reportArgumentType]  an open enum
        return ProcessingResponse(immediate_response=ImmediateResponse(status=code))

    return answer


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(Service()) as started:
        yield started


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with echoing(Upstream()) as started:
        yield started


def is_plain_refusal(answer: httpx.Response, status: int, code: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"jsonrpc", "error"}  # no id: a client waits for ever for an answer to null
    assert (body["jsonrpc"], body["error"]["code"]) == ("2.0", code)
    assert set(body["error"]) == {"code", "message"}
    assert not [word for word in INNER if word in answer.text.lower()]
    assert not [name for name in answer.headers if name.startswith("x-envoy")]


async def test_an_answer_that_the_service_may_not_give_is_a_503(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    service.answer = forbidden_mutation
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        is_plain_refusal(await edge.client.post("/mcp", content=b"{}"), 503, -31503)
    assert upstream.hits == 0


CODES = {
    400: -32600,
    404: -31404,
    413: -31413,
    418: -32600,
    431: -32600,
    500: -31500,
    502: -31503,
    503: -31503,
    504: -31500,
    507: -31500,
}


async def test_no_status_is_without_a_json_body(service: Service, tmp_path: Path) -> None:
    async with running(gateway_of(), [service.address], tmp_path) as edge:
        for status, code in CODES.items():
            service.answer = bodiless(status)
            is_plain_refusal(await edge.client.post("/mcp", content=b"{}"), status, code)


async def test_a_service_that_says_nothing_is_a_504(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    blocked = asyncio.Event()

    async def silent(*_: object) -> AsyncIterator[bytes]:
        await blocked.wait()
        yield b""

    service.process = silent  # pyright: ignore[reportAttributeAccessIssue]
    limits = {"decision_seconds": 0.1}
    gateway = gateway_of(endpoints=[upstream.address], limits=limits)
    async with (
        serving(service),
        running(gateway, [service.address], tmp_path) as edge,
    ):
        is_plain_refusal(await edge.client.post("/mcp", content=b"{}"), 504, -31500)
        blocked.set()
    assert upstream.hits == 0


async def test_a_path_that_leads_nowhere_is_a_404_whatever_the_service_says(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        for path in ("/", "/mcp/x", "/.well-known/oauth-protected-resource/mcp"):
            is_plain_refusal(await edge.client.post(path, content=b"{}"), 404, -31404)
    assert upstream.hits == 0


async def test_a_body_of_unknown_length_that_grows_far_too_large_is_a_413(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    """Envoy lets what one read of the socket brought pass its limit; the service refuses that."""
    route = {"name": "mcp", "path": "/mcp", "protocol": "mcp", "backend": "tracker"}
    gateway = gateway_of(endpoints=[upstream.address], routes=[route | {"body_limit": 16 * 1024}])
    async with running(gateway, [service.address], tmp_path) as edge:
        is_plain_refusal(await uploaded(edge.client.base_url), 413, -31413)
    assert upstream.hits == 0


async def uploaded(url: httpx.URL) -> httpx.Response:
    """The answer to a body in 64 pieces, which stops as soon as the answer begins: what is sent
    after that could make Envoy reset the connection before the answer is read."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /mcp HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n")
    answer = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    with contextlib.suppress(ConnectionError):
        for _ in range(64):
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
            await asyncio.wait([answer], timeout=0.01)
            if answer.done():
                break
    line, *fields = (await answer).decode().split("\r\n")
    headers = [(name, value) for name, _, value in (one.partition(": ") for one in fields) if name]
    body = await reader.readexactly(int(dict(headers)["content-length"]))
    writer.close()
    return httpx.Response(int(line.split()[1]), headers=headers, content=body)
