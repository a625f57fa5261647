"""Routes in mode `check` while workers die and configurations change."""

import contextlib
import os
import signal
from collections.abc import Generator

import httpx
import pytest

from tests.envoy.checked import routes
from tests.support.echo import echo
from tests.support.gatehouse import KEY, allow, gatehouse
from tests.support.messages import modern, modern_call


@contextlib.contextmanager
def stopped(pid: int) -> Generator[None]:
    """A process that does nothing for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def gone(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and answer.headers["retry-after"] == "1"
        and answer.json() == {
            "jsonrpc": "2.0", "error": {"code": -31503, "message": "temporarily unavailable"}
        }
    )  # fmt: skip


def test_without_a_worker_nobody_passes_and_with_one_of_two_everybody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    call = modern_call("echo", x_api_key=KEY)
    with (
        echo() as upstream,
        gatehouse(
            folder,
            backends={"tracker": [upstream.url]},
            policies=[allow(tools=["echo"])],
            routes=routes("tracker"),
            limits={"decision_seconds": 0.5, "drain_seconds": 1.0},
            workers=2,
        ) as gateway,
    ):
        gateway.wait_for_workers(2)
        first, second = gateway.workers
        with stopped(int(gateway.ready["pids"]["supervisor"])):
            os.kill(first, signal.SIGKILL)
            answers = [httpx.post(gateway.url("check"), **call) for _ in range(10)]
            assert all("result" in answer.json() for answer in answers)
            upstream.take()
            os.kill(second, signal.SIGSTOP)
            assert gone(httpx.post(gateway.url("check"), **call))
            os.kill(second, signal.SIGKILL)
            assert gone(httpx.post(gateway.url("check"), **call))
            assert upstream.take() == []
        gateway.wait_for_workers(2)
        assert "result" in httpx.post(gateway.url("check"), **call).json()


def test_a_route_changes_its_mode_without_a_new_envoy(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("changed")
    listing = modern("tools/list", x_api_key=KEY)
    route = {"name": "tracker", "path": "/tracker", "protocol": "mcp", "backend": "tracker"}
    with (
        echo() as upstream,
        gatehouse(
            folder,
            backends={"tracker": [upstream.url]},
            policies=[allow(tools=["echo"])],
            routes=[route],
        ) as gateway,
    ):
        envoy, number = gateway.envoy_pid, int(gateway.status()["snapshot"])
        for mode, reason in (("check", "wiring"), ("buffered", None)):
            gateway.write_config(routes=[route | {"mode": mode}])
            number += 1
            gateway.wait_for_snapshot(number)
            answer = httpx.post(gateway.url("tracker"), **listing).json()
            assert answer.get("error", {}).get("data", {}).get("reason") == reason
        assert gateway.envoy_pid == envoy
        os.kill(envoy, 0)
