"""The core of the tests once more, on the oldest Envoy that is accepted.

Each part of CORE runs in a pytest of its own, with that Envoy in $ENVOY. By hand:
ENVOY=.envoy-oldest/bin/envoy .venv/bin/python -m pytest tests/envoy/test_sessions.py
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.edge.binary import OLDEST, envoy_version
from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import Gateway, allow, gatehouse
from tests.support.patched_envoy import patched_envoy
from tests.support.processes import ROOT

CORE = {
    "configuration": "edge/test_binary.py edge/test_listeners.py edge/test_ext_proc.py"
    " edge/test_verdict_guard.py edge/test_local_replies.py",
    "calls and sessions": "envoy/test_judged_call.py envoy/test_sessions.py",
    "refusals": "envoy/test_refusals.py",
    "credentials": "envoy/test_credentials.py",
    "hazards": "envoy/test_hazards_http.py envoy/test_hazards_framing.py",
    "ext_authz": "envoy/test_ext_authz.py envoy/test_ext_authz_faults.py",
    "faults": "envoy/test_faults.py -k close",  # where ext_proc fails open, if anywhere
    "model servers": "envoy/test_openai.py envoy/test_anthropic.py",
    "agents": "envoy/test_a2a.py",
}
"""What is tested again: files below tests/, and how pytest is to choose among their tests."""

OPTIONS = ("-p", "no:cacheprovider", "--maxfail", "3")
LAST_LINES = 60


@pytest.fixture(scope="module")
def oldest() -> Path:
    installed = sorted(ROOT.glob(".envoy-oldest/lib/python*/site-packages/envoy/_bin/envoy"))
    assert installed, "`make .envoy-oldest/.ready` installs it"
    return installed[0]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend")) as started:
        yield started


def version_of(gateway: Gateway) -> str:
    """The version that the gateway's Envoy says it is."""
    admin = gateway.config["service"]["envoy_admin"]
    return str(httpx.get(f"http://{admin}/server_info").json()["version"])


def test_the_oldest_envoy_that_is_installed_is_the_oldest_that_is_accepted(oldest: Path) -> None:
    assert envoy_version(oldest) == OLDEST


@pytest.mark.parametrize("patched", [False, True])
def test_a_gateway_of_the_tests_runs_on_the_envoy_of_the_environment(
    oldest: Path, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patched: bool
) -> None:
    monkeypatch.setenv("ENVOY", str(oldest))
    env = {"ENVOY": str(patched_envoy(tmp_path, {}))} if patched else {}
    backends = {"tracker": [backend.url]}
    with gatehouse(tmp_path / "run", backends=backends, policies=[allow()], env=env) as gateway:
        assert f"/{'.'.join(map(str, OLDEST))}/" in version_of(gateway)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("part", CORE)
def test_the_core_suite_passes_on_the_oldest_envoy(part: str, oldest: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *CORE[part].split()],
        cwd=ROOT / "tests",
        env={**os.environ, "ENVOY": str(oldest)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-LAST_LINES:]) + done.stderr
