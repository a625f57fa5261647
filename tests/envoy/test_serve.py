"""`gatehouse serve` beside an Envoy that somebody else starts, in another container for example:
they meet in the run folder alone, and either may be started again."""

import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from gateway.edge.binary import envoy_command, find_envoy
from gateway.edge.layout import Layout
from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import KEY, READY_SECONDS, allow, gateway_config, policy
from tests.support.http_client import HTTP
from tests.support.messages import modern_call
from tests.support.processes import Process, running


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend"), "a") as started:
        yield started


@pytest.fixture
def folder(backend: Backend) -> Iterator[Path]:
    """One whose name is short enough for sockets, with a configuration."""
    with TemporaryDirectory(prefix="gatehouse-") as name:
        config = gateway_config({"tracker": [backend.url]}, Path(name))
        config["service"] |= {"envoy_admin": "unix", "run": "run"}
        (Path(name) / "gateway.yaml").write_text(json.dumps(config))
        (Path(name) / "policies").mkdir()
        write_policy(Path(name), allow(tools=["echo"]))
        yield Path(name)


def write_policy(folder: Path, document: dict[str, Any]) -> None:
    fresh = folder / "policies.new"
    fresh.write_text(json.dumps(document))
    fresh.replace(folder / "policies" / "policies.yaml")


@contextmanager
def serve(folder: Path) -> Generator[Process]:
    command = [sys.executable, "-m", "gateway", "serve", "-c", str(folder / "gateway.yaml")]
    with running([*command, "--ready-file", str(folder / "ready.json")]) as process:
        until((folder / "ready.json").exists, process)
        yield process


@contextmanager
def envoy(folder: Path) -> Generator[Process]:
    bootstrap = Layout(folder / "run").bootstrap
    with running(envoy_command(find_envoy(os.environ), bootstrap, concurrency=1)) as process:
        yield process


def until(condition: Callable[[], bool], process: Process) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert process.returncode is None, process.stderr.lines
        assert time.monotonic() < deadline, process.stderr.lines
        time.sleep(0.02)


def outcome(folder: Path, tool: str = "echo") -> str:
    """ "ok", the code of a JSON-RPC error, another status, or "unreachable"."""
    config = json.loads((folder / "gateway.yaml").read_text())
    url = f"http://127.0.0.1:{config['listeners'][0]['port']}{config['routes'][0]['path']}"
    try:
        answer = HTTP.post(url, **modern_call(tool, {"text": "hi"}, x_api_key=KEY))
    except httpx.TransportError:
        return "unreachable"
    if answer.status_code != 200:
        return str(answer.status_code)
    message = answer.json()
    return "ok" if "result" in message else str(message["error"]["code"])


def test_an_envoy_that_outlives_a_killed_gateway_finds_the_next_one(folder: Path) -> None:
    with serve(folder) as first, envoy(folder) as beside:
        until(lambda: outcome(folder) == "ok", beside)
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: outcome(folder) == "503", beside)
        with serve(folder):
            until(lambda: outcome(folder) == "ok", beside)
            assert outcome(folder, "delete") == "-31403"


def test_a_gateway_goes_on_with_an_envoy_that_is_started_again(folder: Path) -> None:
    with serve(folder) as gateway:
        with envoy(folder) as first:
            until(lambda: outcome(folder) == "ok", first)
        assert outcome(folder) == "unreachable"
        with envoy(folder) as second:
            until(lambda: outcome(folder) == "ok", second)
            write_policy(folder, policy("none", "tracker", {"name": "none", "effect": "deny"}))
            until(lambda: outcome(folder) == "-31403", gateway)


def test_what_they_meet_in_is_for_their_user_alone(folder: Path) -> None:
    with serve(folder), envoy(folder) as beside:
        until(lambda: outcome(folder) == "ok", beside)
        layout = Layout(folder / "run")
        assert stat.S_IMODE(layout.directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(layout.bootstrap.stat().st_mode) == 0o600
        assert stat.S_IMODE(layout.envoy_admin.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(layout.worker(0).stat().st_mode)
