"""Every fault at every stage in both request modes, through the real Envoy, with two workers.

In no cell does a request pass unjudged or a list go unread: the backend never runs what policy
denies, nor anything at all without a verdict, and no answer names the hidden tool.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.edge.clusters import PING_INTERVAL_SECONDS, PING_TIMEOUT_SECONDS
from gateway.edge.ext_proc import ATTEMPTS
from tests.support.backends import Backend, ToolCall, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import modern, modern_call

HIDDEN = "delete"
IDENT = 9007199254740993
DECISION_SECONDS = 0.5
SLOWEST_ANSWER = 2.0 + ATTEMPTS * (PING_INTERVAL_SECONDS + PING_TIMEOUT_SECONDS)
"""Seconds. Envoy waits 1.5 s for a verdict; in duplex it notices a silent worker by a ping that is
not answered, once for each of its attempts at most, and two seconds are left for a busy machine."""

# What a client gets:
SAID = "said"  # the service's own error, with the caller's id if it is known by then
GONE = "gone"  # Envoy's error for a request that was never judged: JSON, 503 or 504, retry-after
LOST = "lost"  # Envoy's error for a judged request: the caller's id; or a body that is cut off
DONE = "done"  # the verdict, although a worker failed
LATE = "late"  # DONE, or GONE or LOST when a health check was faster

STAGES = ("preview", "judge", "verdict", "response", "read")
TABLE: dict[tuple[str, str], tuple[str, ...]] = {
    # fault, mode            preview judge verdict response read
    ("raise", "buffered"): (SAID, SAID, SAID, SAID, SAID),
    ("raise", "duplex"): (SAID, SAID, SAID, SAID, SAID),
    ("stall", "buffered"): (SAID, SAID, SAID, SAID, SAID),
    ("stall", "duplex"): (SAID, SAID, SAID, SAID, SAID),
    ("wrong", "buffered"): (GONE, GONE, GONE, LOST, LOST),
    ("wrong", "duplex"): (GONE, GONE, GONE, LOST, LOST),
    ("close", "buffered"): (GONE, GONE, GONE, LOST, LOST),
    ("close", "duplex"): (GONE, GONE, GONE, LOST, LOST),
    ("grow", "buffered"): ("", "", LOST, LOST, ""),
    ("grow", "duplex"): ("", "", LOST, LOST, ""),
    ("kill", "buffered"): (GONE, GONE, GONE, LOST, LOST),
    ("kill", "duplex"): (GONE, GONE, GONE, LOST, LOST),
    ("stop", "buffered"): (GONE, GONE, GONE, LOST, LOST),
    ("stop", "duplex"): (GONE, GONE, GONE, LOST, LOST),
    ("block", "buffered"): (GONE, GONE, GONE, LOST, LOST),
    ("block", "duplex"): (LATE, LATE, LATE, LATE, LATE),
    # Once only: another worker takes over as long as nothing has been answered, which in duplex
    # mode is until the verdict.
    ("kill*1", "buffered"): (DONE, "", "", "", ""),
    ("kill*1", "duplex"): (DONE, DONE, DONE, "", ""),
    ("stop*1", "duplex"): (DONE, "", "", "", ""),
}
RECOVERS = ("kill", "stop", "block")
"""Faults after which a worker has to come back."""

CELLS = [
    (f"{fault}@{stage}", mode, outcome)
    for (fault, mode), outcomes in TABLE.items()
    for stage, outcome in zip(STAGES, outcomes, strict=True)
    if outcome
]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend")) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Gateway]:
    with gatehouse(
        tmp_path_factory.mktemp("gateway"),
        backends={"tracker": [backend.url]},
        policies=[allow(tools=["echo", "whoami"])],
        workers=2,
        program="tests.support.faulty_worker",
        routes=[
            {"name": m, "path": f"/{m}", "protocol": "mcp", "backend": "tracker", "mode": m}
            for m in ("buffered", "duplex")
        ],
        limits={"decision_seconds": DECISION_SECONDS, "drain_seconds": 1.0},
    ) as started:
        yield started


@dataclass
class Probe:
    """Sends requests that ask for one fault, and knows how often it happened."""

    gateway: Gateway
    mode: str
    fault: str
    claims: Path

    @property
    def stage(self) -> str:
        """Where it happens."""
        return self.fault.partition("@")[2]

    def send(self, request: dict[str, Any]) -> httpx.Response | None:
        """The answer; None when it was cut off."""
        kind, _, times = self.fault.partition("@")[0].partition("*")
        fault = f"{kind}@{self.stage}{times and '*' + times} {self.claims}"
        request["headers"] |= {"x-api-key": KEY, "x-test-fault": fault}
        try:
            return httpx.post(self.gateway.url(self.mode), **request, timeout=SLOWEST_ANSWER)
        except httpx.RemoteProtocolError:
            return None

    def call(self, tool: str) -> httpx.Response | None:
        return self.send(modern_call(tool, ident=IDENT))

    def list_tools(self) -> httpx.Response | None:
        return self.send(modern("tools/list", ident=IDENT))

    def fired(self) -> list[int]:
        """The workers in which it happened."""
        return (
            [int(line) for line in self.claims.read_text().split()] if self.claims.exists() else []
        )

    def recover(self) -> None:
        """Until both workers judge again."""
        for pid in self.fired():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT if self.fault.startswith("block") else signal.SIGKILL)
        self.gateway.wait_for_workers(2)


@pytest.fixture
def probe(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Iterator[Probe]:
    fault, mode = request.param
    probe = Probe(gateway, mode, fault, tmp_path / "claims")
    yield probe
    if fault.startswith(RECOVERS):
        probe.recover()


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [((fault, mode), outcome) for fault, mode, outcome in CELLS],
    ids=[f"{fault}-{mode}-{outcome}" for fault, mode, outcome in CELLS],
    indirect=["probe"],
)
def test_a_fault_lets_nothing_pass(probe: Probe, outcome: str, backend: Backend) -> None:
    backend.forget()
    for answer in ask(probe):
        assert answer is None or f'"{HIDDEN}"' not in answer.text
        assert CHECKS[outcome](answer, probe.stage), answer and (answer.status_code, answer.text)
    assert probe.fired()
    wanted = [ToolCall("echo", {})] if outcome == DONE and probe.stage == "verdict" else []
    assert outcome == LATE or backend.calls() == wanted
    assert HIDDEN not in [call.name for call in backend.calls()]


def ask(probe: Probe) -> list[httpx.Response | None]:
    """Requests that come to the stage: a list is read, an allowed call has a verdict to lose."""
    if probe.stage in {"response", "read"}:
        return [probe.list_tools()]
    if probe.stage == "verdict":
        return [probe.call("echo")]
    if probe.fault.startswith(RECOVERS):
        return [probe.call(HIDDEN)]
    return [probe.call(HIDDEN), probe.call("echo")]


def said(answer: httpx.Response | None, stage: str) -> bool:
    assert answer is not None
    body = answer.json()
    if stage in {"preview", "judge"}:
        return answer.status_code == 500 and body["error"]["code"] == -31500 and "id" not in body
    return answer.status_code == 200 and (body["id"], body["error"]["code"]) == (IDENT, -31500)


def gone(answer: httpx.Response | None, _stage: str) -> bool:
    assert answer is not None
    body = answer.json()
    return (
        answer.status_code in {503, 504}
        and "id" not in body
        and answer.headers["retry-after"] == "1"
    )


def lost(answer: httpx.Response | None, _stage: str) -> bool:
    if answer is None:
        return True
    body = answer.json()
    return answer.status_code == 200 and (body["id"], body["error"]["code"]) == (IDENT, -31503)


def done(answer: httpx.Response | None, stage: str) -> bool:
    assert answer is not None
    body = answer.json()
    assert (answer.status_code, body["id"]) == (200, IDENT)
    if stage in {"preview", "judge"}:
        return body["error"]["code"] == -31403
    return "result" in body


def late(answer: httpx.Response | None, stage: str) -> bool:
    if answer is None or answer.status_code != 200:
        return gone(answer, stage)
    return lost(answer, stage) if "-31503" in answer.text else done(answer, stage)


CHECKS = {SAID: said, GONE: gone, LOST: lost, DONE: done, LATE: late}


def test_a_message_over_the_limit_of_a_worker_is_never_waved_through(
    gateway: Gateway, backend: Backend
) -> None:
    backend.forget()
    request = modern_call("echo", {"text": "x" * 100_000}, ident=IDENT, x_api_key=KEY)
    answer = httpx.post(gateway.url("buffered"), **request)
    assert gone(answer, "judge")
    assert backend.calls() == []
