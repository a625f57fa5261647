"""Every command and every YAML block of the README works as it is written."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway.bootstrap.load import load
from gateway.guardrails.detectors import find_detectors
from tests.support.certificates import Authority
from tests.support.gatehouse import SEAL_KEY
from tests.support.ports import free_ports
from tests.support.processes import ROOT, running

README = (ROOT / "README.md").read_text()
EXPORT = ".venv/bin/gatehouse trace export -c demo/gateway.yaml -o mine.jsonl"
SIMULATE = (
    ".venv/bin/gatehouse simulate --trace mine.jsonl --profiles cost,least-request --endpoints 1..3"
)

RUN_ELSEWHERE = {
    "make up": "test_make_up_prints_things_to_paste_that_work",
    "make test": "the command that runs this test",
    "docker compose up --build": "tests/compose, where a Docker engine answers",
    ".venv/bin/python -m demo.ask": "test_make_up_prints_things_to_paste_that_work",
    ".venv/bin/gatehouse status": "test_make_up_prints_things_to_paste_that_work",
    EXPORT: "test_make_up_prints_things_to_paste_that_work",
    SIMULATE: "test_make_up_prints_things_to_paste_that_work",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def run(command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in RUN_ELSEWHERE])
def test_a_command_of_the_readme_works(command: str) -> None:
    done = run(command)
    refuses = "explain" in command  # its example is a refused call: exit code 1
    assert done.returncode == (1 if refuses else 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_is_run_by_some_test() -> None:
    assert set(RUN_ELSEWHERE) <= set(COMMANDS)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


def test_make_up_prints_things_to_paste_that_work() -> None:
    gateway, admin, envoy, *upstreams = free_ports(9)
    names = ("TRACKER_A", "TRACKER_B", "MODEL_A", "MODEL_B", "AGENT_A", "AGENT_B")
    env = {
        "GATEWAY_PORT": str(gateway),
        "GATEWAY_ADMIN_PORT": str(admin),
        "ENVOY_ADMIN": f"127.0.0.1:{envoy}",
        **{name: str(port) for name, port in zip(names, upstreams, strict=True)},
        "GATEWAY_RUN": f".run-{gateway}",
    }
    assert run(".venv/bin/gatehouse check -c demo/gateway.yaml --demo").returncode == 0  # compiles
    try:
        with running(["make", "-s", "up"], env=env, ready=r"^Ctrl-C stops everything") as up:
            printed = "\n".join(up.stdout.lines)
            answers = [run(command, **env) for command in pasted(printed)]
            status = run(f".venv/bin/gatehouse status --admin 127.0.0.1:{admin}")
            asked = run(f".venv/bin/python -m demo.ask --url http://127.0.0.1:{gateway}/v1")
            mine = f".run-{gateway}/mine.jsonl"
            exported = run(f"{EXPORT} --admin 127.0.0.1:{admin}".replace("mine.jsonl", mine))
            simulated = run(SIMULATE.replace("mine.jsonl", mine))
    finally:
        shutil.rmtree(ROOT / f".run-{gateway}", ignore_errors=True)
    allowed, refused, listed, explained, blocked, masked, poisoned = answers
    assert '"result"' in allowed.stdout
    assert '"code":-31403' in refused.stdout
    assert '"get_issue"' in listed.stdout
    assert "delete_repo" not in listed.stdout
    assert "related_issues" not in listed.stdout
    assert "id_rsa" in poisoned.stdout
    assert "blocked by guardrail demo-prompts" in blocked.stdout
    assert "[AWS_ACCESS_KEY]" in masked.stdout
    assert "REFUSED by demo-key/never-delete" in explained.stdout
    assert "snapshot: 1" in status.stdout
    assert_each_document_stays(asked.stdout)
    assert "10 requests" in exported.stderr  # the masked one, too: for the blocked none was picked
    assert simulated.returncode == 0, simulated.stdout + simulated.stderr
    assert re.search(r"^ +3 +cost ", simulated.stdout, re.MULTILINE)


def assert_each_document_stays(printed: str) -> None:
    """All questions about a document went to one replica, and both replicas were asked."""
    lines = re.findall(r"^(\w+) +question (\d): (\S+) had read (\d+) of", printed, re.MULTILINE)
    assert len(lines) == 9, printed
    places = {(document, replica) for document, _, replica, _ in lines}
    assert len(places) == 3, printed
    assert len({replica for _, replica in places}) == 2, printed
    assert all(int(words) > 500 for _, number, _, words in lines if number != "1"), printed


def pasted(printed: str) -> list[str]:
    """The commands below each `# title` line, with .venv/bin on the path as after activation."""
    found = re.findall(r"^# [^\n]+\n(.*?)\n(?=\n)", printed + "\n\n", re.MULTILINE | re.DOTALL)
    return [f'PATH="$PWD/.venv/bin:$PATH"; {command}' for command in found]


def test_the_policy_in_the_readme_is_the_shipped_one() -> None:
    shown = next(block for block in blocks("yaml") if "kind: AccessPolicy" in block)
    shipped = (ROOT / "policies" / "demo-key.yaml").read_text()
    assert yaml.safe_load(shown) == yaml.safe_load(shipped)


def test_the_guardrail_in_the_readme_is_a_shipped_one() -> None:
    shown = next(block for block in blocks("yaml") if "kind: Guardrail" in block)
    shipped = (ROOT / "policies" / "demo-content.yaml").read_text()
    assert yaml.safe_load(shown) in yaml.safe_load_all(shipped)


def test_every_detector_is_named() -> None:
    section = README.partition("\n## Guardrails\n")[2].partition("\n## ")[0]
    named = find_detectors().keys() - {"custom"}
    assert [name for name in named if f"`{name}`" not in section] == []


def test_the_rules_on_models_in_the_readme_are_shipped() -> None:
    shown = next(block for block in blocks("yaml") if block.startswith("  - name: small-models"))
    assert shown in (ROOT / "policies" / "model-use.yaml").read_text()


def test_the_configuration_in_the_readme_is_accepted(tmp_path: Path) -> None:
    shown = next(block for block in blocks("yaml") if "listeners:" in block)
    authority = Authority(tmp_path)
    pair = authority.server("tracker.internal")
    for name in ("agents-ca.pem", "internal-ca.pem"):
        shutil.copy(authority.ca, tmp_path / name)
    shutil.copy(pair.certificate, tmp_path / "server.pem")
    shutil.copy(pair.key, tmp_path / "server.key")
    (tmp_path / "seal.key").write_text(SEAL_KEY)
    (tmp_path / "policies").mkdir()
    (tmp_path / "gateway.yaml").write_text(shown)
    loaded = load(tmp_path / "gateway.yaml", {"TRACKER_TOKEN": "t"})
    assert [route.name for route in loaded.gateway.routes] == ["tracker"]


@pytest.mark.parametrize("shown", [one for one in blocks("yaml") if "\npools:" in one])
def test_a_pool_in_the_readme_is_one_of_its_page_where_it_is_tested(shown: str) -> None:
    assert shown in (ROOT / "docs" / "pools.md").read_text()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_a_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
