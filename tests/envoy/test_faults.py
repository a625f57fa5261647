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

from tests.support.backends import Backend, ToolCall, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse
from tests.support.messages import modern, modern_call

HIDDEN = "delete"
IDENT = 9007199254740993
DECISION_SECONDS = 0.5
SLOWEST_ANSWER = 6.0
"""Envoy waits 1.5 s for a verdict; in duplex a silent worker is noticed by its health checks."""

# What a client gets:
SAID = "said"  # the service's own error, with the caller's id if it is known by then
GONE = "gone"  # Envoy's error for a request that was never judged: JSON, 503 or 504, retry-after
LOST = "lost"  # Envoy's error for a judged request: the caller's id; or a body that is cut off
DONE = "done"  # the verdict, from another worker or late

STAGES = ("preview", "judge", "verdict", "response", "read")
MODES = ("buffered", "duplex")
TABLE: dict[str, tuple[str, ...]] = {
    # fault               preview judge verdict response read
    "raise": (SAID, SAID, SAID, SAID, SAID),
    "stall": (SAID, SAID, SAID, SAID, SAID),
    "wrong": (GONE, GONE, GONE, LOST, LOST),
    "close": (GONE, GONE, GONE, LOST, LOST),
    "grow": ("", "", LOST, LOST, ""),
    "kill": (GONE, GONE, GONE, LOST, LOST),
    "stop": (GONE, GONE, GONE, LOST, LOST),
    "block": (GONE, GONE, GONE, LOST, LOST),
}
RECOVERS = {"kill", "stop", "block"}
"""Faults after which a worker has to come back."""

CELLS = [
    (fault, stage, mode, outcome)
    for fault, outcomes in TABLE.items()
    for stage, outcome in zip(STAGES, outcomes, strict=True)
    for mode in MODES
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
            for m in MODES
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

    def send(self, request: dict[str, Any]) -> httpx.Response | None:
        """The answer; None when it was cut off."""
        request["headers"] |= {"x-api-key": KEY, "x-test-fault": f"{self.fault} {self.claims}"}
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
        return [int(line) for line in self.claims.read_text().split()] if self.claims.exists() else []

    def recover(self) -> None:
        """Until both workers judge again."""
        for pid in self.fired():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT if self.fault.startswith("block") else signal.SIGKILL)
        self.gateway.wait_for_workers(2)


@pytest.fixture
def probe(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Iterator[Probe]:
    fault, mode = request.param
    gateway.wait_for_workers(2)
    probe = Probe(gateway, mode, fault, tmp_path / "claims")
    yield probe
    if fault.partition("@")[0] in RECOVERS:
        probe.recover()


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [((f"{fault}@{stage}", mode), outcome) for fault, stage, mode, outcome in CELLS],
    ids=[f"{fault}-{stage}-{mode}-{outcome}" for fault, stage, mode, outcome in CELLS],
    indirect=["probe"],
)
def test_a_fault_lets_nothing_pass(probe: Probe, outcome: str, backend: Backend) -> None:
    backend.forget()
    stage = probe.fault.partition("@")[2]
    if stage in {"response", "read"}:
        answers = [probe.list_tools()]
    elif probe.fault == "grow@verdict":
        answers = [probe.call("echo")]
    elif probe.fault.partition("@")[0] in RECOVERS:
        answers = [probe.call(HIDDEN)]
    else:
        answers = [probe.call(HIDDEN), probe.call("echo")]
    print(probe.fault, probe.mode, [(a.status_code, a.text[:200]) if a else None for a in answers], probe.fired())
    assert probe.fired()
    assert backend.calls() == []
    for answer in answers:
        assert answer is None or f'"{HIDDEN}"' not in answer.text
