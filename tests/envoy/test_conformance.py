"""The public MCP conformance suite through two gateways before two replicas, behind round robin.

Without sealed session ids every scenario of the revisions with sessions fails here: consecutive
requests of a session reach different gateways, which share nothing but the sealing key, and the
replicas share no sessions.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.suite import BASELINES, Baseline, everything_command, run_suite
from tests.support.gatehouse import Gateway, allow, gatehouse, gateway_config
from tests.support.ports import free_port
from tests.support.processes import running
from tests.support.round_robin import round_robin

STATE_KEY = "a key of the tests with 32 characters"
SESSIONS = 40
ACCEPT = {"accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.fixture(scope="module")
def replicas() -> Iterator[list[str]]:
    # Not below tmp_path, whose length comes near the limit of a socket's path.
    with tempfile.TemporaryDirectory(prefix="bus") as bus, ExitStack() as stack:
        servers = [
            stack.enter_context(
                running(everything_command(name, "--shared-key", STATE_KEY, "--bus", bus))
            )
            for name in ("replica-a", "replica-b")
        ]
        yield [server.wait_for_line(r"^ready (\S+)")[1] for server in servers]


@dataclass(frozen=True)
class Stage:
    """The balancer's URL, and the gateways behind it."""

    url: str
    gateways: tuple[Gateway, ...]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, replicas: list[str]) -> Iterator[Stage]:
    port = free_port()
    with ExitStack() as stack:
        gateways: list[Gateway] = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            config = gateway_config({"tracker": replicas}, folder)
            config["listeners"][0]["identity"] = {"accept": ["anonymous"]}
            # The suite plays a page of the server's own origin, too; any other is refused.
            config["routes"][0]["allowed_origins"] = [f"http://127.0.0.1:{port}"]
            started = gatehouse(folder, policies=[allow()], config=config, workers=2)
            gateways.append(stack.enter_context(started))
        folder = tmp_path_factory.mktemp("balancer")
        urls = [gateway.url("tracker") for gateway in gateways]
        yield Stage(stack.enter_context(round_robin(folder, urls, port)), tuple(gateways))


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.version)
def test_two_gateways_before_two_replicas_pass_the_suite(
    stage: Stage, baseline: Baseline, tmp_path: Path
) -> None:
    outcome = run_suite(stage.url, baseline.version, tmp_path)
    assert outcome.failures == ()
    assert outcome.warnings == ()
    assert (outcome.passed, outcome.failed) == (baseline.passed, baseline.failed)


def test_new_sessions_spread_over_every_gateway_and_every_replica(
    stage: Stage, replicas: list[str]
) -> None:
    with httpx.Client(headers=ACCEPT) as http:
        for ident in range(SESSIONS):
            assert http.post(stage.url, json={**INITIALIZE, "id": ident}).is_success
    endpoints = {urlsplit(url).netloc for url in replicas}
    for gateway in stage.gateways:
        begun = gateway.wait_for_records(SESSIONS // 2, method="initialize", decision="allow")
        assert {one["endpoint"] for one in begun} == endpoints
