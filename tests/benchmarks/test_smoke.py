"""Each benchmark for a fraction of a second: it runs, and its JSON has the promised shape."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.processes import ROOT

MACHINE = {"cpu", "cores", "memory_mib", "kernel", "python", "envoy", "load_average"}
SPREADS = {
    "requests_per_second",
    "p50_ms",
    "p99_ms",
    "worker_cpu_us",
    "envoy_cpu_us",
    "rss_mib",
    "messages",
    "rate_to_envoy_alone",
    "added_p50_ms",
}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What a run of every benchmark prints."""
    run = bench("--quick", "--json", "--soak")
    assert run.returncode == 0, run.stderr
    printed: dict[str, Any] = json.loads(run.stdout)
    return printed


def is_spread(value: dict[str, float]) -> bool:
    return value["low"] <= value["median"] <= value["high"]


def test_a_report_says_what_it_was_measured_on(document: dict[str, Any]) -> None:
    assert set(document["machine"]) == MACHINE
    assert document["generator"] == "benchmarks.load (Python, one process)"


def test_figures_of_one_process_have_spreads(document: dict[str, Any]) -> None:
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert all(is_spread(figure["spread"]) for figure in figures.values())
    assert all(figure["spread"]["low"] > 0 for figure in figures.values())
    assert "own work, 1 KB, 100 policies, 1 can match" in figures
    assert "decide, 1000 policies, 100 can match" in figures
    assert "open a session id" in figures


def test_every_goal_is_judged(document: dict[str, Any]) -> None:
    goals = document["goals"]
    assert [goal["limit"] for goal in goals] == [150.0, 1.5, 1.5, 5.0, 0.25, 2.0, 2.0]
    assert all(goal["met"] == (goal["seen"] <= goal["limit"]) for goal in goals)


def test_every_contender_is_measured_through_envoy(document: dict[str, Any]) -> None:
    cells = document["cells"]
    names = ["envoy alone", "envoy mcp+rbac", "continue", "gatehouse"]
    assert [cell["contender"] for cell in cells] == names * 2
    assert [cell["connections"] for cell in cells] == [1] * 4 + [32] * 4
    assert all(is_spread(cell[name]) for cell in cells for name in SPREADS)
    judged = [cell for cell in cells if cell["contender"] in {"continue", "gatehouse"}]
    assert all(round(cell["messages"]["median"]) == 2 for cell in judged)


def test_the_soak_compares_memory_at_two_points(document: dict[str, Any]) -> None:
    assert [soak["name"] for soak in document["soaks"]] == ["in process", "through Envoy"]
    assert all(0 < soak["early"] <= soak["late"] for soak in document["soaks"])
    assert all(soak["early_mib"] > 0 and soak["late_mib"] > 0 for soak in document["soaks"])


@pytest.mark.parametrize("arguments", [("nothing",), ("--rounds", "0"), ("--seconds", "-1")])
def test_a_wrong_argument_is_named(arguments: tuple[str, ...]) -> None:
    run = bench(*arguments)
    assert run.returncode == 2
    assert arguments[0] in run.stderr
    assert run.stdout == ""


def test_help_has_examples() -> None:
    assert "python -m benchmarks work decide" in bench("--help").stdout
