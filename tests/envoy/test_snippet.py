"""`gatehouse envoy --snippet` in an Envoy that somebody had before, beside `gatehouse serve`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.edge.own_envoy import OWN_PATH, OwnEnvoy, merged, own_bootstrap, own_envoy
from tests.support.backends import Backend, python_backend
from tests.support.echo import Echo, echo
from tests.support.gatehouse import KEY, READY_SECONDS, allow, gateway_config
from tests.support.messages import modern_call
from tests.support.ports import free_port, free_ports
from tests.support.processes import POLL_SECONDS, Process, running
from tests.support.wire import connected, request

WORKERS = 2
BACKEND_KEY = "Bearer backend-credential-0123456789"
CREDENTIALS = {"authorization": "Bearer own", "cookie": "a=b", "x-api-key": "own"}


@dataclass
class Stage:
    """Everything that runs."""

    envoy: OwnEnvoy
    backend: Backend
    own: Echo
    gateway: Process
    admin: str
    config: Path

    def call(self, tool: str, route: str = "tracker", **headers: str) -> httpx.Response:
        """A tools/call by somebody whom the gateway knows."""
        request = modern_call(tool, ident=7, x_api_key=KEY, **headers)
        return self.envoy.client.post(f"/{route}", **request)

    def workers(self) -> list[int]:
        """Process ids of the workers that run."""
        workers = httpx.get(f"{self.admin}/status").json()["workers"]
        return [int(worker["pid"]) for worker in workers if worker["running"]]


def printed(*arguments: str) -> str:
    """What `gatehouse envoy ARGUMENTS` prints."""
    command = [sys.executable, "-m", "gateway", "envoy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def write_config(folder: Path, backend: Backend, models: Echo) -> tuple[Path, dict[str, Any]]:
    config = gateway_config({"tracker": [backend.url]}, folder)
    route: dict[str, Any] = config["routes"][0]
    modes = ("duplex", "check")
    config["routes"] += [route | {"name": m, "path": f"/{m}", "mode": m} for m in modes]
    config["backends"][0]["auth"] = {"value": BACKEND_KEY}
    config["backends"].append({"name": "models", "endpoints": [models.url.split("/")[2]]})
    route = {"protocol": "openai", "backend": "models"}
    modes = ("buffered", *modes)
    config["routes"] += [
        route | {"name": f"models-{m}", "path": f"/models-{m}", "mode": m} for m in modes
    ]
    config["service"] |= {"listen": f"127.0.0.1:{free_port()}", "workers": 1}
    (folder / "policies").mkdir()
    (folder / "policies" / "models.yaml").write_text(json.dumps(allow("models", "models")))
    write_policies(folder, "echo")
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(config))
    return file, config


def write_policies(folder: Path, *tools: str) -> None:
    fresh = folder / "policies.new"
    fresh.write_text(json.dumps(allow(tools=list(tools))))
    fresh.replace(folder / "policies" / "policies.yaml")


@contextlib.contextmanager
def serving(file: Path, ready: Path) -> Generator[Process]:
    command = [sys.executable, "-m", "gateway", "serve", "-c", str(file)]
    with running([*command, "--ready-file", str(ready)]) as process:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            assert process.returncode is None, process.stderr.lines
            assert time.monotonic() < deadline
            time.sleep(POLL_SECONDS)
        yield process


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("own")
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(python_backend(tmp_path_factory.mktemp("backend")))
        own = stack.enter_context(echo())
        file, config = write_config(folder, backend, own)
        snippet = yaml.safe_load(printed("-c", str(file), "--snippet"))
        gateway = stack.enter_context(serving(file, folder / "ready.json"))
        address = own.url.split("/")[2]
        port, admin_port = free_ports(2)
        bootstrap = merged(own_bootstrap(port, admin_port, address), snippet)
        envoy = stack.enter_context(own_envoy(bootstrap, folder))
        envoy.wait_for("gatehouse_workers", 1)
        admin = f"http://{config['service']['admin']}"
        yield Stage(envoy, backend, own, gateway, admin, file)


@pytest.mark.parametrize("route", ["tracker", "duplex", "check"])
def test_an_allowed_call_passes_and_a_denied_one_is_refused_in_the_protocols_form(
    stage: Stage, route: str
) -> None:
    stage.backend.forget()
    allowed, denied = stage.call("echo", route), stage.call("delete", route)
    assert (allowed.status_code, allowed.json()["id"]) == (200, 7), allowed.text
    assert "result" in allowed.json()
    assert (denied.status_code, denied.json()["id"]) == (200, 7), denied.text
    assert denied.json()["error"]["code"] == -31403
    assert [call.name for call in stage.backend.calls()] == ["echo"]


def test_routes_of_the_users_own_are_served_as_before(stage: Stage) -> None:
    stage.own.take()
    answer = stage.envoy.client.post(OWN_PATH, content=b"not json", headers=CREDENTIALS)
    assert answer.status_code == 202
    (seen,) = stage.own.take()
    assert seen.body == b"not json"
    assert {name: seen.all(name) for name in CREDENTIALS} == {
        name: [value] for name, value in CREDENTIALS.items()
    }
    gone = stage.envoy.client.get("/gone")
    assert (gone.status_code, gone.text) == (410, "")


def test_rules_of_the_users_own_hold_on_judged_routes_too(stage: Stage) -> None:
    stage.backend.forget()
    answer = stage.call("echo", x_marked="1")
    assert answer.status_code == 403
    assert stage.backend.calls() == []


@pytest.mark.parametrize("mode", ["buffered", "duplex", "check"])
def test_an_upgrade_that_the_users_envoy_permits_is_refused_on_judged_routes(
    stage: Stage, mode: str
) -> None:
    target, key = f"/models-{mode}/models/m", ("x-api-key", KEY)
    upgrade = (("connection", "upgrade"), ("upgrade", "websocket"))
    stage.own.take()
    with connected(str(stage.envoy.client.base_url)) as connection:
        assert connection.ask(request("GET", target, [key])).status == 405  # the upstream's own
    assert len(stage.own.take()) == 1
    with connected(str(stage.envoy.client.base_url)) as connection:
        answer = connection.ask(request("GET", target, [key, *upgrade]))
    assert answer.status in {400, 403}
    assert stage.own.take() == []


def test_a_path_that_nobody_configured_is_refused(stage: Stage) -> None:
    assert stage.envoy.client.post("/elsewhere", json={}).status_code in {403, 404}


def test_the_file_with_the_snippet_in_it_has_no_danger(stage: Stage) -> None:
    shown = printed("--lint", str(stage.envoy.file), "-c", str(stage.config))
    assert shown == "nothing found\n"


def test_a_changed_policy_is_in_force_without_another_snippet(stage: Stage) -> None:
    assert "error" in stage.call("whoami").json()
    write_policies(stage.config.parent, "echo", "whoami")
    wait_until(lambda: "result" in stage.call("whoami").json())


def test_a_killed_worker_lets_nothing_pass(stage: Stage) -> None:
    stage.backend.forget()
    answers: list[httpx.Response] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(stage.call("delete"))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(3):
            (pid,) = wait_for_worker(stage)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: pid not in stage.workers())
        wait_for_worker(stage)
        stage.envoy.wait_for("gatehouse_workers", 1)
        judged = len(answers)
        wait_until(lambda: len(answers) > judged + 3)
    finally:
        stop.set()
        asking.join()
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        code = answer.json()["error"]["code"]
        assert code == (-31403 if answer.status_code == 200 else -31503)
    assert stage.backend.calls() == []


def wait_for_worker(stage: Stage) -> list[int]:
    wait_until(lambda: len(stage.workers()) == 1)
    return stage.workers()


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)
