"""What a running gateway says of itself over its admin address, and through `gatehouse status`."""

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.envoy.test_judged_call import call_tool
from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import KEY, SEAL_KEY, Gateway, allow, gatehouse
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend"), "a") as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    policies = [allow(tools=["echo"])]
    with gatehouse(
        folder, backends={"tracker": [backend.url]}, policies=policies, workers=2
    ) as started:
        yield started


def status(admin: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "status", "--admin", admin, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_running_gateway_is_healthy_and_ready(gateway: Gateway) -> None:
    assert httpx.get(f"{gateway.admin}/healthz").status_code == 200
    assert httpx.get(f"{gateway.admin}/readyz").status_code == 200


def test_metrics_are_summed_over_workers(gateway: Gateway) -> None:
    name = 'gatehouse_requests_total{decision="refuse",reason="denied",route="tracker"}'
    timed = 'gatehouse_judgement_seconds_count{route="tracker"}'
    before, timed_before = gateway.metric(name), gateway.metric(timed)
    for ident in range(8):
        call_tool(gateway, "delete", ident)
    assert gateway.metric(name) == before + 8
    assert gateway.metric(timed) == timed_before + 8


def test_status_names_snapshot_policies_workers_and_endpoints(gateway: Gateway) -> None:
    done = status(gateway.admin.removeprefix("http://"), "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["ready"] is True
    assert told["policies"] == ["allow-all"]
    assert len(told["workers"]) == 2
    assert [one["healthy"] for one in told["endpoints"]] == [True]


def test_neither_status_nor_metrics_holds_a_secret(gateway: Gateway) -> None:
    shown = status(gateway.admin.removeprefix("http://")).stdout
    shown += httpx.get(f"{gateway.admin}/metrics").text
    assert "snapshot: 1" in shown
    assert KEY not in shown
    assert SEAL_KEY not in shown


def test_where_no_gateway_answers_status_says_so_in_one_line() -> None:
    done = status(f"127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no gateway answers" in done.stderr
