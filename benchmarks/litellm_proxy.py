"""LiteLLM's proxy beside the others: a venv of its own from its lock file, one worker, no database.

It is installed when it is first measured, and ends with the benchmark that starts it.
"""

import contextlib
import json
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import peer_venv
from benchmarks.chat import UPSTREAM_BASE, UPSTREAM_PATH
from benchmarks.contenders import Contender
from benchmarks.corpus import api_key
from benchmarks.peer_venv import Progress
from gateway.supervisor.tether import tethered
from tests.support.ports import free_port
from tests.support.processes import ROOT, running

NAME: Final = "litellm"
VENV: Final = ROOT / ".litellm"
LOCK: Final = ROOT / "benchmarks" / "litellm.lock"
START_SECONDS: Final = 120.0
QUIET: Final = {
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches the list of prices at its start
}


def installed(progress: Progress) -> Path:
    """The proxy's program. Raises `InstallationError`."""
    return peer_venv.installed("LiteLLM (a minute, 750 MB)", VENV, LOCK, progress) / "litellm"


def configuration(upstreams: Mapping[str, int]) -> dict[str, Any]:
    """Its config file: models, each at the port of its upstream, and the key of callers."""
    return {
        "model_list": [
            {
                "model_name": model,
                "litellm_params": {
                    "model": f"openai/{model}",
                    "api_base": f"http://127.0.0.1:{port}{UPSTREAM_BASE}",
                    "api_key": "none",
                },
            }
            for model, port in upstreams.items()
        ],
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "general_settings": {"master_key": api_key(0)},
    }


@contextlib.contextmanager
def proxy(folder: Path, program: Path, upstreams: Mapping[str, int]) -> Generator[Contender]:
    """The proxy for the length of the block. `upstreams` maps models to ports on loopback."""
    port = free_port()
    path = folder / "litellm.yaml"
    path.write_text(json.dumps(configuration(upstreams)))
    command = [str(program), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--num_workers", "1"]
    with running(tethered(command), env={**os.environ, **QUIET}, cwd=folder) as process:
        process.wait_for_port(port, seconds=START_SECONDS)
        yield Contender(NAME, 0, 0, port, UPSTREAM_PATH, worker=process.pid)
