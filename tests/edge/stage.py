"""A real Envoy with generated files, an echoing upstream, a service that says "continue"."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    BodyMutation,
    BodyResponse,
    CommonResponse,
    HeadersResponse,
    HttpBody,
    ProcessingRequest,
    ProcessingResponse,
    StreamedBodyResponse,
    TrailersResponse,
)
from envoy_data_plane.google.protobuf import Struct
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from gateway.config.schema import Gateway
from gateway.config.wiring import AUDIT_ID, METADATA_NAMESPACE
from gateway.edge.admin import EnvoyAdmin, admin_address
from gateway.edge.binary import envoy_command, find_envoy
from gateway.edge.files import EnvoyFiles, sole_writer
from tests.support.ports import free_port

OPTIONS = [
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
    ("grpc.http2.max_ping_strikes", 0),
]
READY_SECONDS = 20.0

Answerer = Callable[[ProcessingRequest], ProcessingResponse]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = READY_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  no event tells of another process
            await asyncio.sleep(0.02)


def gateway_of(*, endpoints: Sequence[str] = ("127.0.0.1:1",), **changes: Any) -> Gateway:
    """A small configuration with free ports; `changes` replace whole top-level keys."""
    backend = {"name": "tracker", "endpoints": list(endpoints)}
    listener = {"name": "main", "port": free_port(), "identity": {"accept": ["anonymous"]}}
    value: dict[str, Any] = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [listener],
        "routes": [{"name": "mcp", "path": "/mcp", "protocol": "mcp", "backend": "tracker"}],
        "backends": [backend],
        "service": {"envoy_admin": f"127.0.0.1:{free_port()}"},
        **changes,
    }
    return Gateway.model_validate_json(json.dumps(value))


def go_on(request: ProcessingRequest) -> ProcessingResponse:
    """Lets everything pass unchanged, in every mode."""
    if request.request_headers:
        return ProcessingResponse(request_headers=HeadersResponse())
    if request.response_headers:
        return ProcessingResponse(response_headers=HeadersResponse())
    if request.request_trailers:
        return ProcessingResponse(request_trailers=TrailersResponse())
    if request.response_trailers:
        return ProcessingResponse(response_trailers=TrailersResponse())
    if request.request_body:
        return ProcessingResponse(request_body=BodyResponse())
    return ProcessingResponse(response_body=BodyResponse())


def stream_on(request: ProcessingRequest) -> ProcessingResponse:
    """Like `go_on` for a full duplex stream, whose chunks must be handed back."""
    if request.request_body:
        return ProcessingResponse(request_body=_same(request.request_body))
    if request.response_body:
        return ProcessingResponse(response_body=_same(request.response_body))
    return go_on(request)


def _same(body: HttpBody) -> BodyResponse:
    chunk = StreamedBodyResponse(body=body.body, end_of_stream=body.end_of_stream)
    mutation = BodyMutation(streamed_response=chunk)
    return BodyResponse(response=CommonResponse(body_mutation=mutation))


@dataclass
class Service:
    """Stands in for a worker: records what Envoy sends and answers with `answer`."""

    address: str = ""
    answer: Answerer = go_on
    broken: bool = False
    permits: bool = True
    """Whether answers carry what the verdict guard looks for, as the service's verdicts do."""
    requests: list[ProcessingRequest] = field(default_factory=list[ProcessingRequest])
    metadata: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def process(
        self, messages: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        pairs = context.invocation_metadata() or ()
        self.metadata.append({str(key): str(value) for key, value in pairs})
        if self.broken:
            await anext(aiter(messages))
            await context.abort(grpc.StatusCode.UNAVAILABLE)
        async for message in messages:
            request = ProcessingRequest.parse(message)
            self.requests.append(request)
            answer = self.answer(request)
            if self.permits and not answer.immediate_response:
                answer.dynamic_metadata = Struct.from_dict({METADATA_NAMESPACE: {AUDIT_ID: "a"}})
            yield bytes(answer)

    def kinds(self) -> list[str]:
        """The kinds of message received so far, in order."""
        kinds = (
            "request_headers",
            "request_body",
            "request_trailers",
            "response_headers",
            "response_body",
            "response_trailers",
        )
        return [kind for request in self.requests for kind in kinds if getattr(request, kind)]


@asynccontextmanager
async def serving(service: Service) -> AsyncGenerator[Service]:
    server = grpc.aio.server(options=OPTIONS)
    process = grpc.stream_stream_rpc_method_handler(service.process)  # pyright: ignore[reportUnknownVariableType]  raw bytes
    name = "envoy.service.ext_proc.v3.ExternalProcessor"
    handler = grpc.method_handlers_generic_handler(name, {"Process": process})
    server.add_generic_rpc_handlers((handler,))
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield service
    finally:
        await server.stop(0)


@dataclass
class Upstream:
    """Answers every request with what it was asked, as JSON, and `headers`."""

    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hits: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode().removesuffix("\r\n\r\n").split("\r\n")
        headers = dict(entry.lower().split(": ", 1) for entry in fields if ": " in entry)
        body = await _body(reader, headers)
        self.hits += 1
        text = json.dumps({"line": line, "headers": dict(_pairs(fields)), "body": len(body)})
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        answer = f"HTTP/1.1 200 OK\r\ncontent-length: {len(text)}\r\n{extra}\r\n{text}"
        writer.write(answer.encode())
        await writer.drain()
        return True


def _pairs(fields: Sequence[str]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, _, value in (entry.partition(": ") for entry in fields)]


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


@asynccontextmanager
async def echoing(upstream: Upstream, tls: Any = None) -> AsyncGenerator[Upstream]:
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=tls)
    upstream.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


@dataclass
class Edge:
    """A running Envoy, its files, and a client for its first listener."""

    gateway: Gateway
    files: EnvoyFiles
    admin: EnvoyAdmin
    client: httpx.AsyncClient


@asynccontextmanager
async def running(
    gateway: Gateway, workers: Sequence[str], directory: Path, **client: Any
) -> AsyncGenerator[Edge]:
    async with AsyncExitStack() as stack:
        files = stack.enter_context(sole_writer(directory))
        files.write_all(gateway, workers, {}, "1")
        binary = find_envoy(os.environ)
        command = envoy_command(binary, files.layout.bootstrap, concurrency=1, log_level="error")
        process = await asyncio.create_subprocess_exec(*command)
        stack.push_async_callback(_stopped, process)
        admin = EnvoyAdmin(admin_address(gateway))
        stack.push_async_callback(admin.close)
        await until(admin.ready)
        scheme = "https" if gateway.listeners[0].tls else "http"
        base = f"{scheme}://127.0.0.1:{gateway.listeners[0].port}"
        http = httpx.AsyncClient(base_url=base, trust_env=False, timeout=20, **client)
        await stack.enter_async_context(http)
        yield Edge(gateway, files, admin, http)


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()
