"""SIGTERM to a whole gateway: what is open gets its time, then everything is gone."""

import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.envoy.test_judged_call import call_tool
from tests.support.echo import Seen
from tests.support.gatehouse import allow, gatehouse
from tests.support.raw_backend import Reply, raw_backend

DRAIN_SECONDS = 5.0


class SlowTool:
    """Answers a call once `released`."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.released = threading.Event()

    def answer(self, seen: Seen) -> Reply:
        self.called.set()
        self.released.wait(DRAIN_SECONDS)
        content: list[str] = []
        ident = json.loads(seen.body)["id"]
        result = {"jsonrpc": "2.0", "id": ident, "result": {"content": content}}
        return Reply(200, [("content-type", "application/json")], [json.dumps(result).encode()])


def test_an_open_call_is_answered_before_the_gateway_ends(tmp_path: Path) -> None:
    tool = SlowTool()
    with (
        raw_backend(tool.answer) as backend,
        gatehouse(
            tmp_path,
            backends={"tracker": [backend.url]},
            policies=[allow()],
            limits={"drain_seconds": DRAIN_SECONDS},
        ) as gateway,
        ThreadPoolExecutor() as pool,
    ):
        open_call = pool.submit(call_tool, gateway, "echo", 7)
        assert tool.called.wait(5)
        gateway.process.send_signal(signal.SIGTERM)
        assert refuses_connections(gateway.url("tracker"))
        tool.released.set()
        assert open_call.result(10).json()["id"] == 7
        assert gateway.process.wait(10) == 0


def test_a_gateway_without_open_requests_ends_at_once(tmp_path: Path) -> None:
    with (
        raw_backend(SlowTool().answer) as backend,
        gatehouse(
            tmp_path,
            backends={"tracker": [backend.url]},
            policies=[allow()],
            limits={"drain_seconds": 60.0},
        ) as gateway,
    ):
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0


def refuses_connections(url: str) -> bool:
    """Whether new connections are refused soon."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=1)
        except httpx.ConnectError:
            return True
        except httpx.HTTPError:
            continue
    return False
