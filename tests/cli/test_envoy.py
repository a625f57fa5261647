"""`gatehouse envoy`: a bootstrap for an Envoy that somebody else starts."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from gateway.edge.binary import envoy_command, find_envoy
from tests.cli.command import CREDENTIAL, gatehouse, write_gateway
from tests.support.gatehouse import SEAL_KEY, allow


def test_the_printed_bootstrap_is_accepted_by_envoy(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow())
    workers = ("--worker", "127.0.0.1:9500", "--worker", "127.0.0.1:9501")
    result = gatehouse("envoy", "-c", file, *workers)
    assert result.exit_code == 0, result.output
    assert '"portValue":9501' in result.stdout
    assert CREDENTIAL in result.stdout  # as its help says: Envoy presents it to the backend
    assert SEAL_KEY not in result.stdout
    bootstrap = tmp_path / "envoy.json"
    bootstrap.write_text(json.dumps(json.loads(result.stdout)))
    command = [*envoy_command(find_envoy(os.environ), bootstrap), "--mode", "validate"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


def test_envoy_itself_checks_it_on_demand(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow())
    result = gatehouse("envoy", "-c", file, "--check")
    assert (result.exit_code, result.stdout) == (0, "Envoy accepts it\n"), result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.yaml", "policies"]


def test_a_missing_envoy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVOY", "/nonexistent")
    result = gatehouse("envoy", "-c", write_gateway(tmp_path, allow()), "--check")
    assert (result.exit_code, result.stderr) == (2, "ENVOY=/nonexistent is not a program\n")


def test_a_wrong_configuration_is_told(tmp_path: Path) -> None:
    result = gatehouse("envoy", "-c", write_gateway(tmp_path, allow(tool=["echo"])))
    assert result.exit_code == 2
    assert 'unknown key "tool"' in result.stderr
    assert result.stdout == ""
