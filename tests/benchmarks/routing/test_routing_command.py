"""The command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.routing.cells import APART, FILLED, QUICK, SYNTHETIC, cells, policies_in
from benchmarks.routing.policies import ALL, FIXED, OURS, PEERS, POLICIES
from tests.support.processes import ROOT


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "benchmarks.routing", *arguments]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.timeout(180)
def test_quick_runs_every_policy_in_two_cells_and_writes_a_page(tmp_path: Path) -> None:
    run = command("--quick", "--json", "--html", str(tmp_path / "page.html"))
    assert run.returncode == 0, run.stderr
    runs = json.loads(run.stdout)["runs"]
    assert {(each["policy"], each["cell"]) for each in runs} == {
        (policy, cell) for cell in QUICK for policy in policies_in(cell)
    }
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_everybody_runs_everywhere_but_where_servers_only_prefill_or_filler_never_ends() -> None:
    for cell in SYNTHETIC:
        assert set(policies_in(cell)) <= set(ALL)
        assert OURS in policies_in(cell)
        if cell not in (*APART, FILLED):
            assert set(POLICIES) <= set(policies_in(cell))
    assert set(policies_in(APART[0])) == {OURS, *FIXED}
    assert set(policies_in(FILLED)) & set(PEERS)


def test_seeds_begin_where_they_are_asked_to(tmp_path: Path) -> None:
    asked = ("--cells", "churn-20", "--policies", "random", "--seeds", "2", "--json")
    run = command(*asked, "--seeds-from", "70", "--cache", str(tmp_path))
    assert run.returncode == 0, run.stderr
    runs = json.loads(run.stdout)["runs"]
    assert [each["seed"] for each in runs] == [70, 71]
    assert runs[0]["total"] != runs[1]["total"]


@pytest.mark.timeout(180)
def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    asked = ("--cells", "churn-20", "churn-40", "--seeds", "2", "--processes", "1", "--json")
    whole = [*asked, "--policies", "random", "round_robin", "--cache", str(cache)]
    first = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.routing", *whole],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not list(cache.glob("*.json")):
            assert first.poll() is None
            time.sleep(0.01)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    kept = {path: path.stat().st_mtime_ns for path in cache.glob("*.json")}
    assert len(kept) < 8
    second = command(*whole)
    assert second.returncode == 0, second.stderr
    assert len(json.loads(second.stdout)["runs"]) == 8
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    third = command(*whole)
    assert third.stdout == second.stdout
    assert not third.stderr


def test_calibration_is_shown_alone() -> None:
    run = command("calibration")
    assert run.returncode == 0
    assert "R_peak" in run.stdout


def test_a_cell_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    run = command("--cells", "nonsense")
    assert run.returncode == 2
    assert "ladder" in run.stderr


def test_a_trace_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    run = command("--trace", str(tmp_path / "none"))
    assert run.returncode == 2
    assert "cannot be read" in run.stderr


def test_cells_of_a_trace_are_there_only_with_one(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text('{"timestamp": 0, "input_length": 5, "output_length": 1, "hash_ids": [1]}\n')
    assert set(cells(None)) == set(SYNTHETIC)
    assert {name for name in cells(file) if name not in SYNTHETIC} == {
        "trace-x1",
        "trace-x1.5",
        "trace-x2",
    }
