"""Bodies, uploads and readers that take all they can get: what memory they get, and who suffers.

The bound of Envoy is two and a half times limits.heap_bytes: it looks at its heap twenty times a
second, or less often where it waits for a processor, and takes what arrives in between (376 to
563 MiB were seen of a ceiling of 256, where the bodies of all clients would have been 500 more).
The bound of a worker is its own start, twice limits.held_bytes, and
its share of what Envoy held before, which gRPC has received for it and nobody has read yet.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.backends import Backend, ToolCall, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import modern_call
from tests.support.raw_backend import Reply, raw_backend

MIB = 1024 * 1024
CLIENTS = 500
BODY_LIMIT = MIB
HELD_BYTES = 64 * MIB
HEAP_BYTES = 256 * MIB
WORKERS = 2
SLACK = 128 * MIB
"""Of a worker: for the allocator, and for bodies on their way in."""
COPIES = 2
"""A judged body exists as the message that came and as what was cut out of it."""
SLOW = 200
TOO_LONG = 15.0


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend"), json_response=True) as started:
        yield started


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Gateway]:
    with raw_backend(lambda _: Reply(200, JSON, [b"x" * 65536] * 64)) as bulky:
        mcp = {"protocol": "mcp", "backend": "tracker"}
        with gatehouse(
            tmp_path_factory.mktemp("gateway"),
            backends={"tracker": [backend.url], "bulky": [bulky.url]},
            policies=[allow(tools=["echo"]), allow("bulk", "bulky")],
            workers=WORKERS,
            routes=[
                {"name": "buffered", "path": "/b", "body_limit": BODY_LIMIT, **mcp},
                {"name": "duplex", "path": "/d", "body_limit": BODY_LIMIT, "mode": "duplex", **mcp},
                {"name": "large", "path": "/l", **mcp},
                {"name": "large-duplex", "path": "/m", "mode": "duplex", **mcp},
                {"name": "bulky", "path": "/c", "protocol": "mcp", "backend": "bulky"},
            ],
            limits={"heap_bytes": HEAP_BYTES, "held_bytes": HELD_BYTES, "drain_seconds": 1.0},
        ) as started:
            started.wait_for_workers(WORKERS)
            yield started


@pytest.fixture
def gateway(running: Gateway) -> Gateway:
    """The gateway, with the peaks of former tests forgotten."""
    for pid in (running.envoy_pid, *running.workers):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return running


JSON = (("content-type", "application/json"),)


def resident(pid: int, field: str = "VmRSS") -> int:
    """Bytes of memory of a process now; VmHWM: at most so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def test_a_tool_name_behind_3_mb_of_arguments_is_judged(gateway: Gateway, backend: Backend) -> None:
    for route in ("large", "large-duplex"):
        backend.forget()
        padding = "x" * 3_000_000
        for tool in ("delete", "echo"):
            request = modern_call(tool, {"pad": padding}, ident=tool, x_api_key=KEY)
            params = request["json"]["params"]
            request["json"]["params"] = {"arguments": params["arguments"], **params}
            answer = httpx.post(gateway.url(route), **request, timeout=TOO_LONG).json()
            assert answer["id"] == tool
            assert "result" in answer if tool == "echo" else answer["error"]["code"] == -31403
        assert backend.calls() == [ToolCall("echo", {"pad": padding})]


def test_a_body_over_the_limit_is_refused_in_the_protocols_form(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    for route in ("buffered", "duplex"):
        request = modern_call("echo", {"pad": "x" * (BODY_LIMIT + 1)}, x_api_key=KEY)
        answer = httpx.post(gateway.url(route), **request, timeout=TOO_LONG)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]["code"] == -31413
        assert "id" not in answer.json()
    assert backend.calls() == []


async def test_buffered_bodies_of_500_clients_stay_within_the_heap_of_envoy(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    statuses = await flood(gateway, "buffered")
    assert set(statuses) <= {200, 429, 503, 0}
    assert statuses[200]
    check_memory(gateway, worker=COPIES * HELD_BYTES + HEAP_BYTES // WORKERS)
    await check_service(gateway)
    assert backend.calls() == [ToolCall("echo", {})]


async def test_duplex_bodies_of_500_clients_stay_within_the_budget_of_workers(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    statuses = await flood(gateway, "duplex")
    assert set(statuses) <= {200, 429}
    assert statuses[429]
    assert statuses[200] >= WORKERS * HELD_BYTES // BODY_LIMIT // 2
    check_memory(gateway, worker=COPIES * HELD_BYTES)
    await check_service(gateway)
    assert backend.calls() == [ToolCall("echo", {})]
    limited = gateway.wait_for_records(statuses[429], reason="limited")
    assert len(limited) >= statuses[429]  # Envoy may ask a second worker about one request


async def test_slow_uploads_cost_little_and_nobody_else_waits(gateway: Gateway) -> None:
    async with contextlib.AsyncExitStack() as uploads:
        for number in range(SLOW):
            route = ("buffered", "duplex")[number % 2]
            await uploads.enter_async_context(uploading(gateway, route))
        await check_service(gateway)
        check_memory(gateway, worker=0)


async def test_slow_readers_cost_a_buffer_each_and_nobody_else_waits(gateway: Gateway) -> None:
    async with contextlib.AsyncExitStack() as readers:
        for _ in range(SLOW):
            await readers.enter_async_context(reading_nothing(gateway))
        await check_service(gateway)
        check_memory(gateway, worker=0)


# --- clients ----------------------------------------------------------------------------------


def wire(gateway: Gateway, route: str, request: dict[str, Any]) -> tuple[bytes, bytes]:
    """A request as bytes: head and body."""
    body = json.dumps(request["json"]).encode()
    headers = {
        "host": "gateway",
        "x-api-key": KEY,
        "content-type": "application/json",
        "content-length": str(len(body)),
        **request["headers"],
    }
    lines = [f"POST {urlsplit(gateway.url(route)).path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


@asynccontextmanager
async def connected(
    gateway: Gateway, route: str, **options: Any
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(gateway.url(route))
    reader, writer = await asyncio.open_connection(address.hostname, address.port, **options)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def flood(gateway: Gateway, route: str) -> Counter[int]:
    """Statuses of denied calls of maximal size, 0 for a connection that was closed without one.
    Their last bytes come only when all others have been taken, or
    some of them have been answered before."""
    request = modern_call("delete", {"pad": "x" * (BODY_LIMIT - 1000)})
    head, body = wire(gateway, route, request)
    together = Together(CLIENTS)

    async def call() -> int:
        async with connected(gateway, route) as (reader, writer):
            writer.write(head + body[:-1])
            answer = asyncio.ensure_future(reader.readline())
            with contextlib.suppress(ConnectionError):
                await writer.drain()
                await together.meet(answer)
                writer.write(body[-1:])
            return int((await answer or b"HTTP/1.1 0").split()[1])

    return Counter(await asyncio.gather(*(call() for _ in range(CLIENTS))))


class Together:
    """Lets tasks wait for one another; one that has its answer has come, too."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all = asyncio.Event()

    async def meet(self, answer: asyncio.Future[bytes]) -> None:
        self._missing -= 1
        if not self._missing:
            self._all.set()
        waiting = asyncio.ensure_future(self._all.wait())
        await asyncio.wait([waiting, answer], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


@asynccontextmanager
async def uploading(gateway: Gateway, route: str) -> AsyncGenerator[None]:
    """A call whose body comes at one byte a second."""
    head, body = wire(gateway, route, modern_call("echo", {"pad": "x" * 10_000}))

    async def trickle(writer: asyncio.StreamWriter) -> None:
        for byte in body:
            writer.write(bytes([byte]))
            await asyncio.sleep(1)

    async with connected(gateway, route) as (_, writer):
        writer.write(head + body[:100])
        await writer.drain()
        slow = asyncio.ensure_future(trickle(writer))
        try:
            yield
        finally:
            slow.cancel()


@asynccontextmanager
async def reading_nothing(gateway: Gateway) -> AsyncGenerator[None]:
    """A call whose answer of 4 MiB is left lying after its first bytes."""
    head, body = wire(gateway, "bulky", modern_call("echo"))
    async with connected(gateway, "bulky", limit=1024) as (reader, writer):
        writer.write(head + body)
        assert (await reader.readline()).split()[1] == b"200"
        yield


# --- what must hold ---------------------------------------------------------------------------


def check_memory(gateway: Gateway, *, worker: int) -> None:
    """Nobody has ever had more than the bound; `worker` is the bound of one beyond its start."""
    envoy = resident(gateway.envoy_pid, "VmHWM")
    workers = [resident(pid, "VmHWM") for pid in gateway.workers]
    assert envoy <= HEAP_BYTES * 5 // 2, envoy // MIB
    assert max(workers) <= worker + SLACK + START_BYTES, [one // MIB for one in workers]


START_BYTES = 128 * MIB
"""A worker that has judged nothing has about 110 MiB."""


async def check_service(gateway: Gateway) -> None:
    """An ordinary client is served at once."""
    async with httpx.AsyncClient(timeout=TOO_LONG) as client:
        answer = await client.post(gateway.url("buffered"), **modern_call("echo", x_api_key=KEY))
    assert answer.json()["result"]
