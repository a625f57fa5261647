"""Runs one load: with wrk where it is installed, else with the generator of load.py."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.messages import Request, http_request
from gateway.supervisor.tether import tethered

WRK_SCRIPT: Final = """
wrk.method = "POST"
wrk.body = io.open("{body}", "rb"):read("*a")
{headers}
done = function(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '\\n{{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""

WRK_TIMEOUT: Final = "--timeout=30s"


@dataclass(frozen=True, slots=True)
class Load:
    """What was asked of a port: latencies in milliseconds, over all requests of `seconds`.

    `sent` counts those of the warm-up and those cut off at the end too, since CPU time and messages
    are shared among all.
    """

    requests: int
    sent: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


Generator = Callable[[int, str, Request, int, float], Load]
"""(port, path, call, connections, seconds) -> what came of it."""


def choose(*, own: bool = False) -> tuple[str, Generator]:
    """The generator to use, and its name for the report."""
    found = None if own else shutil.which("wrk")
    if found is None:
        return "benchmarks.load (Python, one process)", own_load
    shown = subprocess.run([found, "-v"], capture_output=True, text=True, check=False)
    version = (shown.stdout or shown.stderr).split("\n")[0].split(" [")[0]
    return f"{version} (one thread)", wrk_load


def own_load(port: int, path: str, call: Request, connections: int, seconds: float) -> Load:
    """The load of load.py."""
    order = {
        "port": port,
        "request": http_request(call, path, f"127.0.0.1:{port}").decode("latin-1"),
        "connections": connections,
        "seconds": seconds,
    }
    command = [sys.executable, "-m", "benchmarks.load"]
    run = subprocess.run(
        tethered(command), input=json.dumps(order), capture_output=True, text=True, check=True
    )
    return _load(json.loads(run.stdout))


def wrk_load(port: int, path: str, call: Request, connections: int, seconds: float) -> Load:
    """The load of wrk."""
    with tempfile.TemporaryDirectory() as name:
        body, script = Path(name) / "body.json", Path(name) / "post.lua"
        body.write_bytes(call.body)
        headers = "\n".join(f'wrk.headers["{key}"] = "{text}"' for key, text in call.headers)
        script.write_text(WRK_SCRIPT.format(body=body, headers=headers))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", WRK_TIMEOUT]
        command += ["-s", str(script), f"http://127.0.0.1:{port}{path}"]
        run = subprocess.run(tethered(command), capture_output=True, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    return _load({**found, "sent": found["requests"] + connections})


def _load(found: dict[str, Any]) -> Load:
    return Load(
        int(found["requests"]),
        int(found["sent"]),
        float(found["seconds"]),
        float(found["p50_ms"]),
        float(found["p99_ms"]),
        int(found["errors"]),
    )
