"""`gatehouse up` as a newcomer meets it: ready soon, honest if it cannot start, gone at the end."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.backends import python_backend
from tests.support.gatehouse import KEY, allow, gateway_config
from tests.support.messages import ACCEPT, LEGACY
from tests.support.ports import free_port, free_ports
from tests.support.processes import ROOT, Process, running
from tests.support.raw_backend import Reply, raw_backend

READY_SECONDS = 10.0
GONE_SECONDS = 6.0
UPSTREAMS = ("TRACKER_A", "TRACKER_B", "MODEL_A", "MODEL_B", "AGENT_A", "AGENT_B")
VARIABLES = ("GATEWAY_PORT", "GATEWAY_ADMIN_PORT", *UPSTREAMS)
GATEHOUSE = str(Path(sys.executable).with_name("gatehouse"))


@dataclass
class Demo:
    """The demo as `make up` runs it, in a folder of its own on free ports."""

    folder: Path
    env: dict[str, str]
    process: Process
    ready: dict[str, Any]
    seconds: float

    def pids(self) -> list[int]:
        """Everything that runs for it, the supervisor included."""
        pids = self.ready["pids"]
        upstreams = [one["pid"] for one in self.ready["upstreams"] if one["pid"]]
        return [pids["envoy"], pids["supervisor"], *pids["workers"], *upstreams]

    def printed(self) -> dict[str, str]:
        """The commands to paste, by their titles."""
        text = "\n".join(self.process.stdout.lines)
        blocks = [part.split("\n", 1) for part in text.split("\n# ")[1:]]
        return {title: command.split("\n\n")[0] for title, command in blocks}

    def paste(self, command: str) -> subprocess.CompletedProcess[str]:
        """What a shell makes of a command in the folder where the demo was started."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@contextmanager
def demo(folder: Path) -> Generator[Demo]:
    shutil.copytree(ROOT / "demo", folder / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "policies", folder / "policies")
    env: dict[str, str] = dict(zip(VARIABLES, map(str, free_ports(len(VARIABLES))), strict=True))
    env["ENVOY_ADMIN"] = f"127.0.0.1:{free_port()}"
    command = [GATEHOUSE, "up", "-c", "demo/gateway.yaml", "--demo", "--ready-file", "ready.json"]
    for kind, name in itertools.product(("tracker", "model", "agent"), "ab"):
        port = env[f"{kind}_{name}".upper()]
        program = f"{sys.executable} -m demo.{kind} --port {port} --name replica-{name}"
        command += ["--start", f"{kind}-{name}={program}"]
    compiled = subprocess.run(
        [GATEHOUSE, "check", "-c", "demo/gateway.yaml", "--demo"],
        cwd=folder,
        env=os.environ | env,
        capture_output=True,
        timeout=60,
        check=False,
    )  # the patterns of the Guardrails, once for all starts on a machine
    assert compiled.returncode == 0, compiled.stderr
    started = time.monotonic()
    with running(command, env=env, cwd=folder) as process:
        process.wait_for_line("Ctrl-C stops everything", 30)
        ready = json.loads((folder / "ready.json").read_text())
        yield Demo(folder, env, process, ready, time.monotonic() - started)


def alive(pids: list[int]) -> list[int]:
    """Those of the processes that still run."""
    return [pid for pid in pids if _state(pid) not in {"", "Z"}]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, at any depth."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(") ")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    found = parents.get(pid, [])
    return found + [below for child in found for below in descendants(child)]


def wait_until(condition: Callable[[], bool], seconds: float = GONE_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def assert_all_gone(pids: list[int]) -> None:
    assert wait_until(lambda: not alive(pids)), [
        Path(f"/proc/{pid}/cmdline").read_text() for pid in alive(pids)
    ]


# --- the demo ---------------------------------------------------------------------------------


def test_the_demo_keeps_what_it_prints_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as started:
        assert started.seconds < READY_SECONDS * _crowd()
        _check_ready_file(started)
        _check_commands(started)
        everything = {*started.pids(), *descendants(started.process.pid)}
        assert set(alive(started.pids())) == set(started.pids())
        os.killpg(started.process.pid, signal.SIGINT)
        assert started.process.wait(GONE_SECONDS) == 0
        assert_all_gone(sorted(everything))
        assert not (tmp_path / "ready.json").exists()
        assert "Traceback" not in "\n".join(started.process.stderr.lines)


def _crowd() -> float:
    """By how much others slow this machine down: the promise is for one that has time."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _check_ready_file(started: Demo) -> None:
    port = started.env["GATEWAY_PORT"]
    ready = started.ready
    assert ready["version"] == 1
    assert ready["listeners"] == {"agents": f"http://127.0.0.1:{port}"}
    assert ready["admin"] == f"http://127.0.0.1:{started.env['GATEWAY_ADMIN_PORT']}"
    assert ready["routes"][0] == {
        "name": "tracker",
        "protocol": "mcp",
        "url": f"http://127.0.0.1:{port}/mcp",
        "backend": "tracker",
        "policy": str(started.folder / "policies"),
    }
    protocols = [route["protocol"] for route in ready["routes"]]
    assert protocols == ["mcp", "openai", "anthropic", "a2a"]
    backends = ("tracker", "triage", "models")
    kinds = ("TRACKER", "AGENT", "MODEL")
    assert [(one["name"], one["address"]) for one in ready["upstreams"]] == [
        *(
            (backend, f"127.0.0.1:{started.env[f'{kind}_{replica}']}")
            for backend, kind in zip(backends, kinds, strict=True)
            for replica in "AB"
        ),
        *((f"{kind}-{replica}", "") for kind in ("tracker", "model", "agent") for replica in "ab"),
    ]
    assert httpx.get(f"{ready['admin']}/readyz").status_code == 200


def _check_commands(started: Demo) -> None:
    printed = started.printed()
    allowed = json.loads(started.paste(printed["an allowed call"]).stdout)
    assert allowed["result"]["isError"] is False
    refused = json.loads(started.paste(printed["a refused one"]).stdout)
    assert refused["error"]["code"] == -31403
    assert "not deleted through this gateway" in refused["error"]["message"]
    shown = json.loads(started.paste(printed["a list that shows only what is allowed"]).stdout)
    assert {tool["name"] for tool in shown["result"]["tools"]} == {
        "list_issues",
        "get_issue",
        "create_issue",
        "whoami",
    }
    _check_guardrails(started)
    why = started.paste(printed["why it is refused"])
    assert "REFUSED by demo-key/never-delete" in why.stdout, why.stderr
    assert why.returncode == 1


def _check_guardrails(started: Demo) -> None:
    printed = started.printed()
    injection = printed["an injection that reaches no model"]
    blocked = json.loads(started.paste(injection).stdout)["error"]
    assert blocked["code"] == "content_policy_violation"
    assert blocked["message"].startswith("blocked by guardrail demo-prompts (")
    for replica in "AB":
        metrics = httpx.get(f"http://127.0.0.1:{started.env[f'MODEL_{replica}']}/metrics").text
        assert "\nvllm:prompt_tokens_total 0\n" in metrics
    streamed = started.paste(printed["a key and a card number in a stream, masked"]).stdout
    assert "my key is [AWS_ACCESS_KEY] and my card is [CREDIT_CARD]" in streamed
    assert "4111" not in streamed
    title = "a poisoned tool, as its server offers it; the list above is without it"
    assert "id_rsa" in started.paste(printed[title]).stdout


# --- how it ends ------------------------------------------------------------------------------


@pytest.fixture
def backend_url(tmp_path: Path) -> Iterator[str]:
    with python_backend(tmp_path, "a") as backend:
        yield backend.url


def test_sigterm_a_killed_envoy_and_a_killed_supervisor_leave_nothing(
    tmp_path: Path, backend_url: str
) -> None:
    with ExitStack() as stack:
        names = ("terminated", "without-envoy", "killed")
        processes: dict[str, tuple[Process, dict[str, Any], set[int]]] = {}
        for name in names:
            process = stack.enter_context(up(tmp_path / name, backend_url))
            ready = wait_ready(process, tmp_path / name)
            everything = {process.pid, *descendants(process.pid)}
            assert {ready["pids"]["envoy"], *ready["pids"]["workers"]} <= everything
            processes[name] = process, ready, everything

        process, _, everything = processes["terminated"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(GONE_SECONDS) == 0
        assert_all_gone(sorted(everything))

        process, ready, everything = processes["without-envoy"]
        os.kill(ready["pids"]["envoy"], signal.SIGKILL)
        assert process.wait(GONE_SECONDS) == 1
        (line,) = [text for text in process.stderr.lines if " ERROR " in text]
        assert "Envoy ended by signal 9; stopping. Its log: " in line
        assert_all_gone(sorted(everything))
        assert not (tmp_path / "without-envoy" / "ready.json").exists()

        process, _, everything = processes["killed"]
        process.send_signal(signal.SIGKILL)
        assert_all_gone(sorted(everything))


def test_ctrl_c_before_it_is_ready_ends_it_too(tmp_path: Path) -> None:
    """A child that never listens keeps it from being ready."""
    with up(tmp_path, "http://127.0.0.1:1/mcp", "--start", "mute=sleep 100") as process:
        assert wait_until((tmp_path / "run" / "envoy.log").exists, 20)
        everything = {process.pid, *descendants(process.pid)}
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(GONE_SECONDS) == 0
        assert_all_gone(sorted(everything))
        assert process.stderr.lines == []


def test_ctrl_c_does_not_wait_for_streams_that_a_drain_waits_for(tmp_path: Path) -> None:
    stop = threading.Event()

    def events() -> Iterator[bytes]:
        while not stop.wait(0.05):
            yield b": still here\n\n"

    headers = {"accept": ACCEPT, "mcp-protocol-version": LEGACY, "x-api-key": KEY}
    kind = ("content-type", "text/event-stream")
    with raw_backend(lambda _: Reply(200, [kind], events())) as upstream:
        config = gateway_config({"tracker": [upstream.url]}, tmp_path)
        config["limits"] = {"drain_seconds": 60.0}
        with running(command_for(tmp_path, config)) as process, httpx.Client() as client:
            url = wait_ready(process, tmp_path)["routes"][0]["url"]
            everything = {process.pid, *descendants(process.pid)}
            with client.stream("GET", url, headers=headers) as answer:
                lines = answer.iter_lines()
                assert next(lines) == ": still here"
                process.send_signal(signal.SIGTERM)
                assert wait_until(lambda: not (tmp_path / "ready.json").exists())
                assert [next(lines) for _ in range(4)]
                assert process.returncode is None
                os.killpg(process.pid, signal.SIGINT)
                assert process.wait(GONE_SECONDS) == 0
            assert_all_gone(sorted(everything))
            stop.set()


# --- why it does not start --------------------------------------------------------------------


def test_what_is_wrong_is_one_error_and_exit_code_2(tmp_path: Path) -> None:
    config = gateway_config({"tracker": ["http://127.0.0.1:1/mcp"]}, tmp_path)
    config["routes"][0]["backend"] = "tracked"
    (line,) = refused(tmp_path, config)
    assert line.startswith(f"{tmp_path}/gateway.yaml:")
    assert line.endswith('there is no backend "tracked" (did you mean "tracker"?)')


def test_a_second_gateway_in_the_same_run_folder_is_refused(
    tmp_path: Path, backend_url: str
) -> None:
    with up(tmp_path / "first", backend_url) as process:
        wait_ready(process, tmp_path / "first")
        config = gateway_config({"tracker": [backend_url]}, tmp_path)
        run = str(tmp_path / "first" / "run")
        config["service"]["run"] = run
        (line,) = refused(tmp_path / "second", config)
        assert line == f"another gateway uses {run}; give each its own service.run"
        assert (tmp_path / "first" / "ready.json").exists()


@contextmanager
def up(folder: Path, backend_url: str, *options: str) -> Generator[Process]:
    config = gateway_config({"tracker": [backend_url]}, folder)
    with running(command_for(folder, config, *options)) as process:
        yield process


def command_for(folder: Path, config: dict[str, Any], *options: str) -> list[str]:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "all.yaml").write_text(json.dumps(allow()))
    (folder / "gateway.yaml").write_text(json.dumps(config, indent=1))
    files = ["-c", str(folder / "gateway.yaml"), "--ready-file", str(folder / "ready.json")]
    return [GATEHOUSE, "up", *files, "--quiet", *options]


def wait_ready(process: Process, folder: Path) -> dict[str, Any]:
    ready = folder / "ready.json"
    assert wait_until(lambda: ready.exists() or process.returncode is not None, 25)
    assert ready.exists(), process.stderr.lines
    document: dict[str, Any] = json.loads(ready.read_text())
    return document


def refused(folder: Path, config: dict[str, Any]) -> list[str]:
    """The lines of the error with which `up` does not start."""
    with running(command_for(folder, config)) as process:
        assert process.wait(20) == 2
        lines = process.stderr.lines
    assert process.stdout.lines == []
    assert not any("Traceback" in line for line in lines), lines
    assert not (folder / "ready.json").exists()
    return lines
