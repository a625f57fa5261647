"""The options of `gatehouse up`; what it does is shown in tests/envoy/test_up.py."""

import json
import signal
import sys
import tempfile
from pathlib import Path

import httpx

from tests.cli.command import gatehouse, without_secrets, write_gateway
from tests.support.engines import engines
from tests.support.gatehouse import allow
from tests.support.ports import free_port
from tests.support.processes import running
from tests.support.waiting import until


def test_a_child_without_a_command_is_wrong_usage() -> None:
    result = gatehouse("up", "--start", "tracker")
    assert result.exit_code == 2
    assert "want NAME=COMMAND" in result.stderr


def test_a_wrong_configuration_does_not_start(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow(tool=["echo"]))
    for command in ("up", "serve"):
        result = without_secrets(gatehouse(command, "-c", file))
        assert result.exit_code == 2
        assert 'unknown key "tool" (did you mean "tools"?)' in result.stderr


def test_model_servers_are_routed_to_without_a_file(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    # a path of pytest's is too long for the sockets in it
    with tempfile.TemporaryDirectory() as folder, engines(2, speed=20) as pool:
        command = [sys.executable, "-m", "gateway", "up", "--port", str(free_port())]
        command += ["--ready-file", str(ready)]
        for one in pool:
            command += ["--pool", one.url]
        with running(command, env={"TMPDIR": folder}) as process:
            key = process.wait_for_line(r"^key of this run, .*: (\S{32,})$")[1]
            until(ready.exists)
            (route,) = json.loads(ready.read_text())["routes"]
            body = {"model": "base-model", "messages": [{"role": "user", "content": "Hello"}]}
            url = f"{route['url']}/chat/completions"
            answer = httpx.post(url, json=body, headers={"authorization": f"Bearer {key}"})
            stranger = httpx.post(url, json=body, headers={"x-api-key": "another-key-0123456789"})
            models = httpx.get(f"{route['url']}/models", headers={"x-api-key": key}).json()
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            said = "\n".join([*process.stdout.lines, *process.stderr.lines])
        asked = sum(one.seen()["count"] for one in pool)
        left = list(Path(folder).iterdir())
    assert (answer.status_code, stranger.status_code) == (200, 401)
    assert answer.json()["model"] == "base-model"
    assert [one["id"] for one in models["data"]] == ["base-model"]
    assert asked == 1
    assert route["url"].startswith("http://127.0.0.1:")
    assert said.count(key) == 1
    assert left == []


def test_a_model_server_that_does_not_answer_is_named_before_anything_runs() -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    result = gatehouse("up", "--pool", gone)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{gone}: GET /v1/models")
    assert result.stdout == ""


def test_a_file_and_pools_are_not_both_run(tmp_path: Path) -> None:
    file = write_gateway(tmp_path)
    both = gatehouse("up", "-c", file, "--pool", "http://127.0.0.1:1")
    assert both.exit_code == 2
    assert "--pool goes without" in both.stderr
    port = gatehouse("up", "--port", "10000")
    assert port.exit_code == 2
    assert "is for --pool" in port.stderr
