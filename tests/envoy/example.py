"""The examples of the folder envoy/, run as its README says: on free ports, with certificates and
keys made now, which their gateway.yaml takes from the environment.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from gateway.cli.app import application
from gateway.edge.binary import envoy_command, find_envoy
from tests.support.gatehouse import KEY, READY_SECONDS, SEAL_KEY
from tests.support.ports import free_ports
from tests.support.processes import ROOT, Process, running

PORTS = (
    "LISTEN_PORT",
    "PUBLIC_PORT",
    "WORKLOADS_PORT",
    "WORKER_PORT",
    "ADMIN_PORT",
    "ENVOY_ADMIN_PORT",
)
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """What the examples take from the environment; `folder` is for what they write."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {
        "LISTEN_ADDRESS": "127.0.0.1",
        "AGENT_KEY_SHA256": DIGEST,
        "PARTNER_KEY_SHA256": DIGEST,
        "SEAL_KEY": SEAL_KEY,
        "AUDIT_FILE": str(folder / "audit.jsonl"),
        "RUN_FOLDER": str(folder / "run"),
        **ports,
        **more,
    }


@dataclass(frozen=True)
class Served:
    """A started `gatehouse serve`, which writes the file `ready_file` once it is ready."""

    process: Process
    ready_file: Path

    def wait(self) -> None:
        """Returns once it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready_file.exists():
            said = self.process.stderr.lines
            assert self.process.returncode is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    def workers(self) -> list[int]:
        """Process ids of the workers that it was started with."""
        pids: list[int] = json.loads(self.ready_file.read_text())["pids"]["workers"]
        return pids

    def records(self, environment: dict[str, str]) -> list[dict[str, Any]]:
        """Its audit records written whole so far: the last line may still be growing."""
        file = Path(environment["AUDIT_FILE"])
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]


@contextlib.contextmanager
def started(example: str, folder: Path, environment: dict[str, str]) -> Generator[Served]:
    """`gatehouse serve` for the length of the block; wait for it before it is used."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    file = ROOT / "envoy" / example / "gateway.yaml"
    command = [sys.executable, "-m", "gateway", "serve", "-c", str(file)]
    with running([*command, "--ready-file", str(ready)], env=environment) as process:
        yield Served(process, ready)


def printed(example: str, environment: dict[str, str], *arguments: str) -> str:
    """What `gatehouse envoy` prints for an example."""
    file = ROOT / "envoy" / example / "gateway.yaml"
    whole = ["envoy", "-c", str(file), *arguments]
    result = CliRunner(env=environment).invoke(application(whole), whole)
    assert result.exit_code == 0, result.output
    return result.stdout


@contextlib.contextmanager
def fronted(
    example: str, folder: Path, environment: dict[str, str], workers: Sequence[str] = ()
) -> Generator[Process]:
    """The real Envoy with what is printed for an example, once it takes requests. `workers` are
    those of the one gateway unless they are given."""
    named = workers or (f"127.0.0.1:{environment['WORKER_PORT']}",)
    bootstrap = folder / "envoy.json"
    options = [word for worker in named for word in ("--worker", worker)]
    bootstrap.write_text(printed(example, environment, *options))
    command = envoy_command(find_envoy(os.environ), bootstrap, concurrency=1)
    with running(command) as process:
        _wait_until_ready(process, f"http://127.0.0.1:{environment['ENVOY_ADMIN_PORT']}/ready")
        yield process


def _wait_until_ready(process: Process, url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if client.get(url).is_success:
                    return
            said = process.stderr.lines
            assert process.returncode is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)


@contextlib.contextmanager
def run(example: str, folder: Path, environment: dict[str, str]) -> Generator[Served]:
    """One gateway and its Envoy for the length of the block."""
    with started(example, folder, environment) as gateway:
        gateway.wait()
        with fronted(example, folder, environment):
            yield gateway
