"""`gatehouse replay` judges recorded findings by the Guardrails of a folder."""

import json
from pathlib import Path

from tests.cli.command import gatehouse
from tests.suite.test_replay import line

GUARDRAIL = """\
apiVersion: gatehouse.dev/v1
kind: Guardrail
metadata: {name: edge}
spec:
  targets: [{backend: up}]
  stages: [request]
  detectors: [{type: words, options: {lists: [{words: [x]}]}, threshold: HIGH}]
"""


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "edge.yaml").write_text(GUARDRAIL)
    return folder


def test_records_are_judged_anew_and_a_change_exits_with_1(tmp_path: Path) -> None:
    folder, records = _folder(tmp_path), tmp_path / "audit.jsonl"
    records.write_text(line({"detector": "words"}) + "\n" + line() + "\n")
    shown = gatehouse("replay", str(records), "--policies", str(folder))
    assert shown.exit_code == 1
    assert "2 messages that guardrails judged, 1 end otherwise now" in shown.stdout
    assert "a1  edge: block -> pass" in shown.stdout
    assert "cannot come back" in shown.stdout
    told = json.loads(gatehouse("replay", str(records), "--policies", str(folder), "--json").stdout)
    assert (told["before"], told["now"]) == (
        {"edge": {"block": 1, "pass": 1}},
        {"edge": {"pass": 2}},
    )


def test_records_from_stdin_that_end_the_same_exit_with_0(tmp_path: Path) -> None:
    folder = str(_folder(tmp_path))
    shown = gatehouse("replay", "-", "--policies", folder, stdin=(line() + "\n").encode())
    assert shown.exit_code == 0


def test_records_or_policies_that_are_not_there_exit_with_2(tmp_path: Path) -> None:
    folder = str(_folder(tmp_path))
    assert gatehouse("replay", str(tmp_path / "no.jsonl"), "--policies", folder).exit_code == 2
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.yaml").write_text("kind: Nothing")
    assert gatehouse("replay", "-", "--policies", str(broken)).exit_code == 2
