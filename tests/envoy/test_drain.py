"""A worker that ends while exchanges are open: who needs it no more goes on, who does is told."""

import json
import os
import signal
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import ACCEPT, LEGACY, modern, modern_call
from tests.support.raw_backend import RawBackend, Reply, raw_backend

DRAIN_SECONDS = 1.0
PATIENCE = 15.0
IDENT = "a list that takes long"
SSE = [("content-type", "text/event-stream")]
NOTE = b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}\n\n'
TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "delete")]


class Upstream:
    """Answers that last until the test releases them."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def answer(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply(200, SSE, self.notes())
        message = json.loads(seen.body)
        if message["method"] == "tools/list":
            return Reply(200, SSE, self.listed(message["id"]))
        self.released.wait(PATIENCE)
        content: list[str] = []
        result = {"jsonrpc": "2.0", "id": message["id"], "result": {"content": content}}
        return Reply(200, [("content-type", "application/json")], [json.dumps(result).encode()])

    def notes(self) -> Iterator[bytes]:
        while not self.released.wait(0.05):
            yield NOTE

    def listed(self, ident: str) -> Iterator[bytes]:
        yield from self.notes()
        result = {"jsonrpc": "2.0", "id": ident, "result": {"tools": TOOLS}}
        yield b"data: " + json.dumps(result).encode() + b"\n\n"


@pytest.fixture(scope="module")
def backend() -> Iterator[RawBackend]:
    with raw_backend(Upstream().answer) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, backend: RawBackend) -> Iterator[Gateway]:
    with gatehouse(
        tmp_path_factory.mktemp("gateway"),
        backends={"tracker": [backend.url]},
        policies=[allow(tools=["echo"])],
        limits={"drain_seconds": DRAIN_SECONDS},
    ) as started:
        started.wait_for_workers(1)
        yield started


@pytest.fixture
def upstream(backend: RawBackend) -> Iterator[Upstream]:
    fresh = Upstream()
    backend.answer = fresh.answer
    backend.seen.clear()
    yield fresh
    fresh.released.set()


def replace_worker(gateway: Gateway) -> None:
    """SIGTERM to the only worker; returns when it is gone and another one judges."""
    (old,) = gateway.workers
    os.kill(old, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while old in gateway.workers:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    gateway.wait_for_workers(1)


@contextmanager
def streamed(gateway: Gateway, method: str, **request: object) -> Generator[Iterator[str]]:
    """The lines of an SSE answer, from the first event on."""
    with (
        httpx.Client(timeout=PATIENCE) as client,
        client.stream(method, gateway.url("tracker"), **request) as answer,  # pyright: ignore[reportArgumentType]
    ):
        assert answer.status_code == 200
        lines = answer.iter_lines()
        assert next(lines) == NOTE.decode().strip()
        yield lines


def test_a_listening_stream_outlives_the_worker_that_judged_it(
    gateway: Gateway, upstream: Upstream
) -> None:
    headers = {"accept": ACCEPT, "mcp-protocol-version": LEGACY, "x-api-key": KEY}
    with streamed(gateway, "GET", headers=headers) as lines:
        replace_worker(gateway)
        for _ in range(200):
            assert next(lines) in {"", NOTE.decode().strip()}
        upstream.released.set()
        assert set(lines) <= {"", NOTE.decode().strip()}


def test_a_slow_call_outlives_the_worker_that_judged_it(
    gateway: Gateway, upstream: Upstream, backend: RawBackend
) -> None:
    request = modern_call("echo", ident=7, x_api_key=KEY)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(httpx.post, gateway.url("tracker"), **request, timeout=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while not backend.seen:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        replace_worker(gateway)
        upstream.released.set()
        answer = call.result()
    assert answer.status_code == 200
    assert answer.json() == {"jsonrpc": "2.0", "id": 7, "result": {"content": []}}


def test_a_list_that_is_read_ends_with_the_protocols_error_when_time_is_up(
    gateway: Gateway, upstream: Upstream
) -> None:
    request = modern("tools/list", ident=IDENT, x_api_key=KEY)
    started = time.monotonic()
    seen: list[str] = []
    with streamed(gateway, "POST", **request) as lines:
        (old,) = gateway.workers
        os.kill(old, signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            seen.extend(lines)
    assert time.monotonic() - started > DRAIN_SECONDS
    last = json.loads(
        [line for line in seen if line.startswith("data: ")][-1].removeprefix("data: ")
    )
    assert (last["id"], last["error"]["code"]) == (IDENT, -31500)
    assert "delete" not in "".join(seen)
    assert not upstream.released.is_set()
    gateway.wait_for_workers(1)


def test_a_list_that_ends_in_time_is_filtered_by_the_ending_worker(
    gateway: Gateway, upstream: Upstream
) -> None:
    request = modern("tools/list", ident=IDENT, x_api_key=KEY)
    with streamed(gateway, "POST", **request) as lines:
        (old,) = gateway.workers
        os.kill(old, signal.SIGTERM)
        next(lines)
        upstream.released.set()
        seen = [line for line in lines if "result" in line]
    (result,) = [json.loads(line.removeprefix("data: ")) for line in seen]
    assert [tool["name"] for tool in result["result"]["tools"]] == ["echo"]
    gateway.wait_for_workers(1)
