"""The command line: each table for a fraction of a second, and what is told of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.guardrails.subject import QUICK
from benchmarks.guardrails.training.evasion import DISGUISES
from tests.support.processes import ROOT

CONTENDERS = {
    "envoy alone",
    "gatehouse, usage: off",
    "gatehouse, usage: all",
    "gatehouse, Guardrail",
    "gatehouse, Guardrail with scorer",
}

pytestmark = pytest.mark.timeout(300)  # patterns may have to be compiled on a busy machine


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "benchmarks.guardrails", *arguments]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What a quick run of everything prints."""
    run = command("--quick", "--json")
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_every_detector_is_measured_by_cost_and_on_text_that_nothing_is_in(
    document: dict[str, Any],
) -> None:
    assert set(document["detectors"]) == set(QUICK)
    assert document["slow_patterns"] >= 0
    whats = {one["what"] for one in document["costs"]}
    assert {*QUICK, "all pattern detectors", "normaliser alone", "scorer"} <= whats
    for name in (*QUICK, "scorer"):
        sets = {one["dataset"] for one in document["accuracy"] if one["detector"] == name}
        assert {"library_source", "library_documentation", "made-up prose"} <= sets


def test_shares_are_shares_and_absent_where_there_is_nothing_to_share(
    document: dict[str, Any],
) -> None:
    for one in document["accuracy"]:
        assert (one["recall"] is None) == (one["positives"] == 0)
        assert (one["false_positive_rate"] is None) == (one["negatives"] == 0)
        for name in ("recall", "precision", "false_positive_rate"):
            assert one[name] is None or 0 <= one[name] <= 1


def test_personal_data_is_reported_by_type_and_altogether(document: dict[str, Any]) -> None:
    rows = {one["category"]: one for one in document["personal_data"]}
    assert {"credit_card", "iban", "email_address", "all"} <= set(rows)
    assert rows["all"]["values"] == 60


def test_every_disguise_is_told_before_and_after_the_normal_form(document: dict[str, Any]) -> None:
    rows = {(one["detector"], one["disguise"]): one for one in document["evasion"]}
    assert {disguise for _, disguise in rows} == set(DISGUISES)
    for name in ("pii", "jailbreak", "code_injection", "scorer"):
        assert rows[name, "none"]["after"] == 1.0
        hidden = rows[name, "zero-width"]
        assert hidden["before"] < hidden["after"] == 1.0


def test_the_cap_on_validators_is_measured_beside_no_cap(document: dict[str, Any]) -> None:
    caps = {(one["text"], one["cap"]) for one in document["capped"]}
    assert {cap for _, cap in caps} == {0, 2000, 200}
    assert all(one["refused"] == 0 for one in document["capped"] if one["cap"] == 0)


def test_sizes_and_deltas_are_measured_through_envoy_beside_gatehouse_without_guardrails(
    document: dict[str, Any],
) -> None:
    by_bench: dict[str, set[str]] = {}
    for one in document["through_envoy"]:
        by_bench.setdefault(one["bench"], set()).add(one["contender"])
        assert one["p50_ms"]["low"] > 0
    assert len(by_bench) == 4
    assert all(names == CONTENDERS for names in by_bench.values())
    bases = [
        one for one in document["through_envoy"] if one["contender"] == "gatehouse, usage: off"
    ]
    assert all(one["ratio"]["median"] == 1.0 for one in bases)
    assert set(document["streams_a_core"]) == CONTENDERS


def test_a_guardrail_reads_what_otherwise_nobody_would(document: dict[str, Any]) -> None:
    messages = {
        one["contender"]: one["messages"]["median"]
        for one in document["through_envoy"]
        if one["bench"].startswith("answer in JSON")
    }
    assert messages["gatehouse, Guardrail"] > messages["gatehouse, usage: off"] + 1


def test_deltas_are_measured_in_process(document: dict[str, Any]) -> None:
    figures = {one["name"]: one["spread"]["median"] for one in document["deltas"]}
    assert len(figures) == 4
    assert all(value > 0 for value in figures.values())


def test_published_costs_of_others_name_their_source(document: dict[str, Any]) -> None:
    assert document["peers"]
    sources = ("published: ", "measured before: ")
    assert all(one["source"].startswith(sources) for one in document["peers"])


def test_every_goal_that_a_run_says_something_of_is_judged(document: dict[str, Any]) -> None:
    goals = {goal["name"]: goal for goal in document["goals"]}
    assert [goals[name]["limit"] for name in list(goals)[:4]] == [35.0, 80.0, 130.0, 2.0]
    for goal in goals.values():
        above, below = goal["seen"] >= goal["limit"], goal["seen"] <= goal["limit"]
        assert goal["met"] == (above if goal["at_least"] else below)


def test_where_text_checks_are_blind_is_said_in_json_and_in_text(document: dict[str, Any]) -> None:
    assert "Provenance" in document["blind"]
    run = command("--quick", "--only", "evasion")
    assert run.returncode == 0, run.stderr
    assert "Provenance" in run.stdout
    assert "zero-width" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--only", "nothing"), "nothing"),
        (("--rounds", "0"), "--rounds"),
        (("--data", "/nowhere/at/all"), "/nowhere/at/all"),
    ],
    ids=["table", "rounds", "data"],
)
def test_a_wrong_argument_is_named(arguments: tuple[str, ...], named: str) -> None:
    run = command(*arguments)
    assert run.returncode == 2
    assert named in run.stderr
    assert run.stdout == ""


def test_labelled_files_that_are_malformed_are_named(tmp_path: Path) -> None:
    (tmp_path / "url_maltrail.jsonl").write_text('{"url": 7, "label": 1}\n')
    run = command("--quick", "--only", "detectors", "--data", str(tmp_path))
    assert run.returncode == 2
    assert "url_maltrail.jsonl:1" in run.stderr
