"""The command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.routing.cells import QUICK, SYNTHETIC, cells
from benchmarks.routing.policies import POLICIES
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
        (policy, cell) for policy in POLICIES for cell in QUICK
    }
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


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
