"""`gatehouse test`: suites beside policies."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import DEMO, ROOT, gatehouse


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The shipped policies, of which one suite fails."""
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    suite = folder / "demo-key_test.yaml"
    wrong = suite.read_text().replace("rule: demo-key/read}", "rule: demo-key/write}", 1)
    suite.write_text(wrong)
    return folder


def test_the_shipped_policies_pass_their_suites() -> None:
    result = gatehouse("test", str(ROOT / "policies"))
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(" passed, 0 failed in 13 suites\n")


def test_one_suite_runs_alone_and_against_the_policies_of_a_gateway() -> None:
    suite = str(ROOT / "policies" / "demo-key_test.yaml")
    for options in ([], ["-c", DEMO]):
        result = gatehouse("test", suite, *options)
        assert result.exit_code == 0, result.output
        assert result.stdout.endswith(" 0 failed in 1 suites\n")


def test_a_failed_case_is_shown_with_its_place_and_what_differs(policies: Path) -> None:
    result = gatehouse("test", str(policies))
    assert result.exit_code == 1
    first, wanted, got, *_, last = result.stdout.splitlines()
    assert first.startswith(f"FAILED demo-key: reads anywhere ({policies}/demo-key_test.yaml:")
    assert wanted == "  rule: - demo-key/write"
    assert got == "        + demo-key/read"
    assert " passed, 1 failed in 13 suites" in last


def test_json_and_junit_have_the_same(policies: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    result = gatehouse("test", str(policies), "--json", "--junit", str(file))
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["failed"] == 1
    cases = [case for suite in document["suites"] for case in suite["cases"]]
    (failed,) = [case for case in cases if not case["passed"]]
    assert failed["name"] == "reads anywhere"
    assert failed["differences"] == [
        {"field": "rule", "wanted": "demo-key/write", "got": "demo-key/read"}
    ]
    report = ET.parse(file).getroot()
    assert report is not None
    assert report.attrib == {"tests": str(len(cases)), "failures": "1"}
    (failure,) = report.iter("failure")
    assert failure.attrib["message"] == "rule: wanted 'demo-key/write', got 'demo-key/read'"


def test_a_folder_without_suites_is_told(tmp_path: Path) -> None:
    result = gatehouse("test", str(tmp_path))
    assert (result.exit_code, result.stderr) == (2, f"no *_test.yaml in {tmp_path}\n")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = gatehouse("test", str(tmp_path / "nowhere"))
    assert (result.exit_code, result.stderr) == (2, f"{tmp_path}/nowhere does not exist\n")


def test_a_broken_suite_is_told_with_its_place(policies: Path) -> None:
    suite = policies / "demo-key_test.yaml"
    suite.write_text(suite.read_text().replace("decision: allow", "decison: allow", 1))
    result = gatehouse("test", str(policies))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{suite}:")
    assert line.endswith('want.decison: unknown key "decison" (did you mean "decision"?)')


def test_a_report_that_cannot_be_written_is_told(policies: Path) -> None:
    result = gatehouse("test", str(policies), "--junit", str(policies / "no" / "report.xml"))
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


def test_cases_about_guardrails_run_beside_those_about_policies(tmp_path: Path) -> None:
    (tmp_path / "animals.yaml").write_text(
        "apiVersion: gatehouse.dev/v1\nkind: Guardrail\nmetadata: {name: animals}\n"
        "spec:\n  targets: [{backend: tracker}]\n  stages: [request]\n  detectors:\n"
        "  - {type: words, action: mask, options: {lists: [{words: [aardvark]}]}}\n"
    )
    (tmp_path / "animals_test.yaml").write_text(
        "apiVersion: gatehouse.dev/v1\nkind: PolicySuite\nmetadata: {name: animals}\n"
        "spec:\n  cases:\n"
        "  - name: masked\n    text: {stage: request, text: an aardvark}\n"
        "    want: {action: mask, findings: [words/word], masked: 'an [WORD]'}\n"
        "  - name: wrong\n    text: {stage: request, text: an aardvark}\n"
        "    want: {action: block}\n"
    )
    result = gatehouse("test", str(tmp_path))
    assert result.exit_code == 1
    assert "FAILED animals: wrong" in result.stdout
    assert "  action: - block\n          + mask\n" in result.stdout
    assert result.stdout.endswith("1 passed, 1 failed in 1 suites\n")
