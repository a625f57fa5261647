"""Workers that die or hang under load: only what they held fails, and nothing passes unjudged."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import modern_call

CLIENTS = 8
DECISION_SECONDS = 0.5
ENVOY_WAITS = 1.5
EJECTED_SECONDS = 4.0
"""Two failed health checks of a second each, half a second apart, and their start."""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend"), json_response=True) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Gateway]:
    with gatehouse(
        tmp_path_factory.mktemp("gateway"),
        backends={"tracker": [backend.url]},
        policies=[allow(tools=["echo", "whoami"])],
        workers=2,
        limits={"decision_seconds": DECISION_SECONDS, "drain_seconds": 1.0},
    ) as started:
        started.wait_for_workers(2)
        yield started


class Load:
    """Clients that call without a pause, and what became of their calls."""

    def __init__(self, url: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self.rounds = dict.fromkeys(range(CLIENTS), 0)
        self.strange: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def failed(self) -> int:
        """Calls that ended with an error of Envoy's."""
        return self.outcomes["gone"] + self.outcomes["lost"]

    def run(self, client: int) -> None:
        """One client, until it is told to stop: allowed and denied calls by turns."""
        with httpx.Client(timeout=10) as http:
            number = client * 1_000_000
            while not self._stop.is_set():
                number += 1
                tool = "echo" if number % 2 else "delete"
                request = modern_call(tool, {"n": number}, ident=number, x_api_key=KEY)
                try:
                    answer = http.post(self._url, **request)
                except httpx.RemoteProtocolError:
                    answer = None
                with self._lock:
                    self.rounds[client] += 1
                    self._note(tool, number, answer)

    def _note(self, tool: str, number: int, answer: httpx.Response | None) -> None:
        if answer is None:  # the answer to a judged call, cut off when its stream broke
            self.outcomes["lost"] += 1
            self.strange += [] if tool == "echo" else [f"the denied call {number} was cut off"]
            return
        body = answer.json()
        failed = answer.status_code in {503, 504} and answer.headers.get("retry-after") == "1"
        if failed and "error" in body and "id" not in body:
            self.outcomes["gone"] += 1
        elif answer.status_code != 200 or body.get("id") != number:
            self.strange.append(answer.text)
        elif tool == "echo" and "result" in body:
            self.outcomes["done"] += 1
        elif tool == "delete" and body["error"]["code"] == -31403:
            self.outcomes["denied"] += 1
        elif tool == "echo" and body["error"]["code"] == -31503:  # judged, then its stream broke
            self.outcomes["lost"] += 1
        else:
            self.strange.append(answer.text)

    def wait_for(self, outcome: str, more: int, seconds: float = 15.0) -> None:
        """Until there are this many more."""
        wanted, deadline = self.outcomes[outcome] + more, time.monotonic() + seconds
        while self.outcomes[outcome] < wanted:
            assert time.monotonic() < deadline, (self.outcomes, self.strange)
            time.sleep(0.01)

    def settle(self, seconds: float = 15.0) -> None:
        """Until every client has the answer to a call that it began after this."""
        before, deadline = dict(self.rounds), time.monotonic() + seconds
        while any(self.rounds[client] < before[client] + 2 for client in before):
            assert time.monotonic() < deadline, (self.outcomes, self.strange)
            time.sleep(0.01)

    @contextmanager
    def running(self) -> Generator[None]:
        """All clients, for the length of the block."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(self.run, client) for client in range(CLIENTS)]
            try:
                yield
            finally:
                self._stop.set()
        for client in clients:
            client.result()


def test_a_killed_worker_costs_only_what_it_held(gateway: Gateway, backend: Backend) -> None:
    backend.forget()
    load = Load(gateway.url("tracker"))
    restarts = gateway.metric("gatehouse_worker_restarts_total")
    with load.running():
        load.wait_for("done", 20)
        victim = gateway.workers[0]
        os.kill(victim, signal.SIGKILL)
        load.wait_for("done", 100)
        gateway.wait_for_workers(2)
        load.wait_for("done", 20)
    assert load.strange == []
    assert load.failed <= CLIENTS
    assert victim not in gateway.workers
    assert gateway.metric("gatehouse_worker_restarts_total") == restarts + 1
    assert {call.name for call in backend.calls()} == {"echo"}
    executed = len(backend.calls())
    assert load.outcomes["done"] <= executed <= load.outcomes["done"] + load.outcomes["lost"]


def test_a_stopped_worker_is_left_out_after_its_health_checks(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    load = Load(gateway.url("tracker"))
    victim = gateway.workers[0]
    with load.running():
        load.wait_for("done", 20)
        os.kill(victim, signal.SIGSTOP)
        try:
            until_ejected(gateway)
            load.settle()
            before = load.failed
            load.wait_for("done", 100)
            assert load.failed == before
        finally:
            os.kill(victim, signal.SIGCONT)
        gateway.wait_for_workers(2)
        load.wait_for("done", 20)
    assert load.strange == []
    # Each client meets it at most once in the time that Envoy waits for an answer.
    assert load.failed <= CLIENTS * (1 + EJECTED_SECONDS // ENVOY_WAITS)
    assert {call.name for call in backend.calls()} == {"echo"}


def until_ejected(gateway: Gateway) -> None:
    deadline = time.monotonic() + EJECTED_SECONDS
    while gateway.healthy_workers() == 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_without_workers_nothing_passes_and_clients_are_told_to_return(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    workers = gateway.workers
    gateway.process.send_signal(signal.SIGSTOP)  # the supervisor would start others
    try:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        for tool in ("echo", "delete"):
            answer = httpx.post(gateway.url("tracker"), **modern_call(tool, x_api_key=KEY))
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["content-type"] == "application/json"
            assert "id" not in answer.json()
            assert answer.json()["error"]["code"] == -31503
    finally:
        gateway.process.send_signal(signal.SIGCONT)
    assert backend.calls() == []
    deadline = time.monotonic() + 15.0
    while set(workers) & set(gateway.workers):  # the supervisor has yet to see what happened
        assert time.monotonic() < deadline
        time.sleep(0.02)
    gateway.wait_for_workers(2)
    answer = httpx.post(gateway.url("tracker"), **modern_call("echo", x_api_key=KEY))
    assert answer.json()["result"]
