from pathlib import Path

import pytest

from gateway.model.problem import Problem
from gateway.suite.loading import LoadedSuite, load_suites
from tests.suite.suites import HEAD

CASE = "  - {name: a, principal: agent, call: {method: ping}, want: {decision: deny}}\n"


def _write(folder: Path, name: str, text: str = HEAD + CASE) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def _problems(path: Path) -> list[str]:
    return [str(one) for one in load_suites(path, {}) if isinstance(one, Problem)]


def test_every_suite_below_a_folder_is_loaded_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b_test.yaml", "a/z_test.yml", "policy.yaml", "test.yaml"):
        _write(tmp_path, name)
    found = load_suites(tmp_path, {})
    files = [one.file for one in found if isinstance(one, LoadedSuite)]
    assert files == [str(tmp_path / "a/z_test.yml"), str(tmp_path / "b_test.yaml")]


def test_one_file_is_loaded_whatever_its_name(tmp_path: Path) -> None:
    _write(tmp_path, "cases.yaml")
    assert len(load_suites(tmp_path / "cases.yaml", {})) == 1


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("{name: a, want: {}}", "a case has exactly one of call, list and request"),
        ("{name: a, call: {method: ping}, request: {}, want: {}}", "a case has exactly one of"),
        ("{name: a, call: {method: ping}, want: {shown: []}}", "a list wants `shown`"),
        ("{name: a, list: {method: tools/list, items: []}, want: {}}", "a list wants `shown`"),
        (
            "{name: a, list: {method: tasks/list, items: []}, want: {shown: []}}",
            "is not tools/list",
        ),
        ("{name: a, principal: bob, call: {method: ping}, want: {}}", "names an unknown principal"),
        ("{name: a, call: {method: ping}, want: {rules: x}}", 'unknown key "rules"'),
        ('{name: a, now: "2026-01-01T00:00:00", call: {method: ping}, want: {}}', "timezone"),
    ],
)
def test_a_wrong_case_is_a_problem_with_its_place(tmp_path: Path, case: str, problem: str) -> None:
    _write(tmp_path, "a_test.yaml", f"{HEAD}  - {case}\n")
    (found,) = _problems(tmp_path)
    assert found.startswith(f"{tmp_path}/a_test.yaml:")
    assert problem in found


def test_a_wrong_identity_is_a_problem_with_its_place(tmp_path: Path) -> None:
    _write(tmp_path, "a_test.yaml", HEAD.replace("spiffe://a/agent", "agent") + CASE)
    (found,) = _problems(tmp_path)
    assert found.startswith(f"{tmp_path}/a_test.yaml:6:28: error: spec.principals.agent.id: ")
