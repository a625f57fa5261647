"""`gatehouse envoy`: a bootstrap or a snippet for an Envoy of somebody else, and dangers in his."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gateway.edge.binary import envoy_command, find_envoy
from tests.cli.command import CREDENTIAL, gatehouse, without_secrets, write_gateway
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


TWO_LISTENERS = [{"name": name, "port": port} for name, port in (("agents", 10000), ("edge", 1))]
UNSAFE = """
admin:
  address:
    socket_address:
      address: 0.0.0.0
      port_value: 9901
"""
UNTIDY = """
static_resources:
  clusters:
  - name: gatehouse_workers
    circuit_breakers:
      thresholds:
      - max_connections: 50000
        max_pending_requests: 50000
        max_requests: 50000
        max_retries: 1000
"""


def test_a_snippet_is_one_yaml_document_whose_keys_name_the_places(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow())
    result = without_secrets(gatehouse("envoy", "-c", file, "--snippet"))
    assert result.exit_code == 0, result.output
    document = yaml.safe_load(result.stdout)
    assert {"http_connection_manager", "http_filters", "routes", "clusters"} <= set(document)
    as_json = without_secrets(gatehouse("envoy", "-c", file, "--snippet", "--json"))
    assert json.loads(as_json.stdout) == document
    assert "# Into its http_filters" in result.stdout


def test_a_snippet_asks_the_workers_that_are_named_or_those_of_gateway_yaml(
    tmp_path: Path,
) -> None:
    service = {"listen": "127.0.0.1:9600", "workers": 2}
    file = write_gateway(tmp_path, allow(), service=service)
    assert worker_ports(gatehouse("envoy", "-c", file, "--snippet").stdout) == [9600, 9601]
    named = gatehouse("envoy", "-c", file, "--snippet", "--worker", "127.0.0.1:7")
    assert worker_ports(named.stdout) == [7]
    local = gatehouse("envoy", "-c", write_gateway(tmp_path, allow()), "--snippet").stdout
    assert str(tmp_path / ".run" / "worker-0.sock") in local


def worker_ports(text: str) -> list[int]:
    workers = yaml.safe_load(text)["clusters"][0]
    (locality,) = workers["load_assignment"]["endpoints"]
    addresses = [one["endpoint"]["address"] for one in locality["lb_endpoints"]]
    return [address["socket_address"]["port_value"] for address in addresses]


def test_a_snippet_is_for_one_listener(tmp_path: Path) -> None:
    file = write_gateway(tmp_path, allow(), listeners=TWO_LISTENERS)
    result = gatehouse("envoy", "-c", file, "--snippet")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "choose with --listener one of agents, edge" in result.stderr
    unknown = gatehouse("envoy", "-c", file, "--snippet", "--listener", "other")
    assert unknown.exit_code == 2
    assert "there is no listener other" in unknown.stderr
    chosen = gatehouse("envoy", "-c", file, "--snippet", "--listener", "edge")
    assert chosen.exit_code == 0
    assert "listener=edge;" in chosen.stdout


def test_a_danger_is_told_with_its_place_and_fix(tmp_path: Path) -> None:
    file = tmp_path / "envoy.yaml"
    file.write_text(UNSAFE)
    result = gatehouse("envoy", "--lint", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file}:5:7: danger: admin.address.socket_address.address: " in result.stderr
    assert "(bind it to 127.0.0.1)" in result.stderr
    assert "1 danger, 0 advice" in result.stderr
    found = json.loads(gatehouse("envoy", "--lint", str(file), "--json").stdout)
    (finding,) = found["findings"]
    assert (found["ok"], finding["severity"], finding["line"]) == (False, "danger", 5)
    assert (finding["danger"], finding["fix"]) == ("admin-address", "bind it to 127.0.0.1")


def test_advice_alone_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "envoy.yaml"
    file.write_text(UNTIDY)
    result = gatehouse("envoy", "--lint", str(file))
    assert result.exit_code == 0
    assert ": advice: " in result.stderr
    assert json.loads(gatehouse("envoy", "--lint", str(file), "--json").stdout)["ok"] is True


def test_a_file_without_a_finding_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "envoy.json"
    file.write_text(gatehouse("envoy", "-c", write_gateway(tmp_path, allow())).stdout)
    result = without_secrets(gatehouse("envoy", "--lint", str(file)))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "nothing found\n", "")


def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "envoy.yaml"
    file.write_text("admin:\n  address: [\n")
    result = gatehouse("envoy", "--lint", str(file))
    assert result.exit_code == 2
    assert f"{file}:3:1: error: (root): not valid YAML" in result.stderr
    both = gatehouse("envoy", "--lint", str(file), "--snippet")
    assert (both.exit_code, "choose one of" in both.stderr) == (2, True)
    missing = gatehouse("envoy", "--lint", str(tmp_path / "none.yaml"), "--json")
    assert missing.exit_code == 2
    assert "cannot read the file" in missing.stdout


def test_a_bootstrap_may_come_by_a_pipe() -> None:
    command = [sys.executable, "-m", "gateway", "envoy", "--lint", "-"]
    done = subprocess.run(
        command, input=UNSAFE, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("/dev/stdin:5:7: danger: admin.address.socket_address.address: ")
    assert "[admin-address]" in done.stderr


@pytest.mark.parametrize("others", [("--snippet", "--check"), ("--lint", "x", "--check")])
def test_one_thing_is_done_at_a_time(others: tuple[str, ...], tmp_path: Path) -> None:
    result = gatehouse("envoy", "-c", write_gateway(tmp_path, allow()), *others)
    assert (result.exit_code, result.stdout, "choose one of" in result.stderr) == (2, "", True)


def test_the_release_of_envoy_is_asked_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "envoy.yaml"
    file.write_text("static_resources: {}")
    old = gatehouse("envoy", "--lint", str(file), "--envoy-version", "1.20.1")
    assert old.exit_code == 1
    assert "Envoy 1.20.1 is to read this" in old.stderr
    assert gatehouse("envoy", "--lint", str(file), "--envoy-version", "9.0").exit_code == 0
    wrong = gatehouse("envoy", "--lint", str(file), "--envoy-version", "latest")
    assert (wrong.exit_code, "want e.g. 1.40.0" in wrong.stderr) == (2, True)
    monkeypatch.setenv("ENVOY", str(find_envoy(os.environ)))
    assert gatehouse("envoy", "--lint", str(file)).exit_code == 0
    monkeypatch.setenv("ENVOY", "/bin/true")
    asked = gatehouse("envoy", "--lint", str(file))
    assert (asked.exit_code, "/bin/true is not Envoy" in asked.stderr) == (1, True)


def test_with_a_gateway_yaml_its_limits_are_compared(tmp_path: Path) -> None:
    file = tmp_path / "envoy.json"
    file.write_text(gatehouse("envoy", "-c", write_gateway(tmp_path, allow())).stdout)
    slow = write_gateway(tmp_path, allow(), limits={"decision_seconds": 30.0})
    result = gatehouse("envoy", "--lint", str(file), "-c", slow)
    assert result.exit_code == 1
    assert "a judgement may take 30 s" in result.stderr
