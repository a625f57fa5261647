"""A whole gateway for a test: supervisor, workers, a real Envoy, on free ports, gone afterwards.

    with gatehouse(tmp_path, backends={"tracker": [backend.url]}, policies=[ALLOW_ALL]) as gateway:
        httpx.post(gateway.url("tracker"), ...)

What is not given has a default that fits a test with one MCP route a backend and API keys.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.ports import free_ports
from tests.support.processes import Process, running

KEY = "test-key-0123456789"
SEAL_KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA+RwnB2p5fU1oKZ7hXc3Ld"
READY_SECONDS = 60.0
RECORD_SECONDS = 5.0
CHECKS_EACH = 2


def allow(name: str = "allow-all", backend: str = "tracker", **rule: Any) -> dict[str, Any]:
    """An AccessPolicy with one allow rule; without fields it allows everything to everybody."""
    return policy(name, backend, {"name": "allow", "effect": "allow", **rule})


def policy(name: str, backend: str, *rules: Mapping[str, Any]) -> dict[str, Any]:
    """An AccessPolicy with these rules."""
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "AccessPolicy",
        "metadata": {"name": name},
        "spec": {"targets": [{"backend": backend}], "rules": list(rules)},
    }


def key_entry(name: str, key: str, *scopes: str) -> dict[str, Any]:
    """An entry of identity.keys."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return {"name": name, "sha256": digest, "scopes": list(scopes)}


@dataclass
class Gateway:
    """A running gateway. Files in `folder` may be changed to make it reload."""

    folder: Path
    process: Process
    ready: dict[str, Any]
    config: dict[str, Any]

    def url(self, route: str) -> str:
        """The URL of a route."""
        return next(str(one["url"]) for one in self.ready["routes"] if one["name"] == route)

    @property
    def admin(self) -> str:
        """The URL of the admin address."""
        return str(self.ready["admin"])

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers, as they are now."""
        return [int(worker["pid"]) for worker in self.status()["workers"] if worker["running"]]

    @property
    def envoy_pid(self) -> int:
        """Envoy's process id."""
        return int(self.ready["pids"]["envoy"])

    def status(self) -> dict[str, Any]:
        """What `gatehouse status --json` shows."""
        found: dict[str, Any] = httpx.get(f"{self.admin}/status").json()
        return found

    def metric(self, line_start: str) -> float:
        """The sum of all samples whose line starts so."""
        lines = httpx.get(f"{self.admin}/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(line_start))

    def records(self) -> list[dict[str, Any]]:
        """Every audit record written whole so far: the last line may still be growing."""
        path = self.folder / "audit.jsonl"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for_records(self, count: int, **wanted: Any) -> list[dict[str, Any]]:
        """At least `count` records with these fields; AssertionError if they do not come."""
        deadline = time.monotonic() + RECORD_SECONDS
        while True:
            found = [
                one for one in self.records() if all(one.get(k) == v for k, v in wanted.items())
            ]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, (wanted, self.records())
            time.sleep(0.02)

    def write_config(self, **changes: Any) -> None:
        """Change top-level parts of gateway.yaml, atomically."""
        self.config |= changes
        _write(self.folder / "gateway.yaml", self.config)

    def write_policies(self, *policies: Mapping[str, Any]) -> None:
        """Replace the policies, atomically."""
        text = "\n---\n".join(json.dumps(one) for one in policies)
        fresh = self.folder / "policies.new"
        fresh.write_text(text)
        fresh.replace(self.folder / "policies" / "policies.yaml")

    def healthy_workers(self) -> int:
        """How many workers Envoy would send a request to now."""
        admin = self.config["service"]["envoy_admin"]
        lines = httpx.get(f"http://{admin}/clusters").text.splitlines()
        healthy = "health_flags::healthy"
        return sum(line.startswith("gatehouse_workers::") and healthy in line for line in lines)

    def wait_for_workers(self, count: int, seconds: float = 15.0) -> None:
        """Until this many workers run and Envoy has found them healthy.

        A worker that replaces another has its address, so that Envoy's word may still be about
        the one that is gone: it counts once checks have succeeded that began after the start.
        """
        deadline = time.monotonic() + seconds
        while len(self.workers) < count:
            assert time.monotonic() < deadline, self.status()["workers"]
            time.sleep(0.02)
        checked = self.health_checks() + CHECKS_EACH * len(self.status()["workers"])
        while self.health_checks() < checked or self.healthy_workers() < count:
            assert time.monotonic() < deadline, self.status()["workers"]
            time.sleep(0.02)

    def health_checks(self) -> int:
        """How many of Envoy's checks of workers have succeeded so far."""
        admin = self.config["service"]["envoy_admin"]
        name = "cluster.gatehouse_workers.health_check.success"
        text = httpx.get(f"http://{admin}/stats", params={"filter": f"^{name}$"}).text
        return int(text.rpartition(":")[2] or 0)

    def wait_for_snapshot(self, number: int, seconds: float = 10.0) -> None:
        """Until this snapshot, or a later one, is in force."""
        deadline = time.monotonic() + seconds
        while self.status()["snapshot"] < number:
            assert time.monotonic() < deadline, self.status()
            time.sleep(0.02)


def gateway_config(
    backends: Mapping[str, Sequence[str]], run: Path, **changes: Any
) -> dict[str, Any]:
    """A gateway.yaml: one listener, one MCP route /NAME for each backend, one of OpenAI for each of
    `pools`, if these are among the changes, one API key.

    `backends` maps names to URLs of replicas. `changes` replace top-level parts.
    """
    pools: Sequence[Mapping[str, Any]] = changes.get("pools", ())
    port, admin, envoy_admin = free_ports(3)
    config: dict[str, Any] = {
        "apiVersion": "gatehouse.dev/v1",
        "listeners": [{"name": "agents", "port": port, "identity": {"accept": ["key"]}}],
        "routes": [
            {"name": name, "path": f"/{name}", "protocol": "mcp", "backend": name}
            for name in backends
        ]
        + [
            {"name": name, "path": f"/{name}", "protocol": "openai", "backend": name}
            for name in (pool["name"] for pool in pools)
        ],
        "backends": [
            {
                "name": name,
                "endpoints": [urlsplit(url).netloc for url in urls],
                "path": urlsplit(urls[0]).path,
            }
            for name, urls in backends.items()
        ],
        "policies": "policies",
        "identity": {"keys": [key_entry("tester", KEY)]},
        "sessions": {"keys": [SEAL_KEY]},
        "record": {"path": str(run / "audit.jsonl")},
        "limits": {"drain_seconds": 1.0},
        "service": {
            "admin": f"127.0.0.1:{admin}",
            "envoy_admin": f"127.0.0.1:{envoy_admin}",
            "run": str(run / "run"),
        },
    }
    return config | changes


@contextlib.contextmanager
def gatehouse(
    folder: Path,
    *,
    backends: Mapping[str, Sequence[str]] | None = None,
    policies: Sequence[Mapping[str, Any]] = (),
    config: Mapping[str, Any] | None = None,
    workers: int = 1,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    program: str = "gateway",
    **changes: Any,
) -> Generator[Gateway]:
    """Runs `gatehouse up` for the length of the block; `config` replaces the generated one and
    `program` the module that is run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policies").mkdir(exist_ok=True)
    whole = dict(config) if config else gateway_config(backends or {}, folder, **changes)
    _write(folder / "gateway.yaml", whole)
    ready_file = folder / "ready.json"
    command = [sys.executable, "-m", program, "up", "-c", str(folder / "gateway.yaml")]
    command += ["--quiet", "--workers", str(workers), "--ready-file", str(ready_file), *options]
    (folder / "policies" / "policies.yaml").write_text(
        "\n---\n".join(json.dumps(one) for one in policies)
    )
    with running(command, env={**os.environ, **(env or {})}) as process:
        yield Gateway(folder, process, _wait_until_ready(process, ready_file), whole)


def _wait_until_ready(process: Process, ready_file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS
    while not ready_file.exists():
        if process.returncode is not None or time.monotonic() > deadline:
            process.end()
            said = "\n".join([*process.stdout.lines, *process.stderr.lines])
            raise AssertionError(f"the gateway is not ready: {process.returncode}\n{said}")
        time.sleep(0.02)
    document: dict[str, Any] = json.loads(ready_file.read_text())
    return document


def _write(path: Path, document: Mapping[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(document, indent=1))
    fresh.replace(path)
