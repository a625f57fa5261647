"""The grid runs each simulation once."""

import shutil
from pathlib import Path

import pytest

from benchmarks.routing import grid
from benchmarks.routing.grid import HERE, REPORTING, Store, Task, digest, run_grid, run_task
from benchmarks.routing.policies import OURS, PEERS, VARIANTS

TASKS = [Task("round_robin", "reasoning-250", seed) for seed in range(2)]


def test_what_is_in_the_cache_is_not_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run_grid(TASKS[:1], Store(tmp_path, None), 1)
    assert len(list(tmp_path.glob("*.json"))) == 1
    capsys.readouterr()
    both = run_grid(TASKS, Store(tmp_path, None), 1)
    assert both[0] == first[0]
    assert "2 of 2" in capsys.readouterr().err
    assert run_grid(TASKS, Store(tmp_path, None), 1) == both
    assert not capsys.readouterr().err


def test_a_simulation_that_was_killed_half_way_leaves_no_result(tmp_path: Path) -> None:
    store = Store(tmp_path, None)
    store.write(TASKS[0], run_task(TASKS[0])[1])
    (file,) = tmp_path.glob("*.json")
    file.rename(file.with_suffix(".part"))
    assert store.read(TASKS[0]) is None


def test_every_policy_cell_and_seed_has_a_place_of_its_own(tmp_path: Path) -> None:
    store, (_, run) = Store(tmp_path, None), run_task(TASKS[0])
    for policy in ("a", "b"):
        for cell in ("c", "d"):
            for seed in (1, 2):
                store.write(Task(policy, cell, seed), run)
    assert len(list(tmp_path.glob("*.json"))) == 8


def test_another_trace_is_another_result(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    _, run = run_task(TASKS[0])
    Store(tmp_path, one).write(Task("a", "trace-x1", 0), run)
    assert Store(tmp_path, two).read(Task("a", "trace-x1", 0)) is None
    assert Store(tmp_path, one).read(Task("a", "trace-x1", 0)) == run


def test_a_report_that_changes_is_no_other_simulation() -> None:
    assert {path.name for path in HERE.glob("*.py")} >= REPORTING
    assert not REPORTING & {"measure.py", "cells.py", "policies.py"}


def test_production_code_decides_the_place_of_our_results_and_of_no_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Store(tmp_path / "cache", None)
    run = run_task(TASKS[0])[1]
    tasks = [Task(name, "x", 0) for name in (OURS, *VARIANTS, PEERS[0])]
    for task in tasks:
        before.write(task, run)
    (tmp_path / "picker").mkdir()
    (tmp_path / "picker" / "new.py").write_text("1")
    monkeypatch.setattr(grid, "PRODUCTION", tmp_path)
    after = Store(tmp_path / "cache", None)
    found = [task.policy for task in tasks if after.read(task) is not None]
    assert found == [PEERS[0]]


def test_an_engine_that_changes_makes_every_result_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_task(TASKS[0])[1]
    copy = Path(shutil.copytree(grid.SIMULATION, tmp_path / "simulation"))
    monkeypatch.setattr(grid, "SIMULATION", copy)
    tasks = [Task(name, "x", 0) for name in (OURS, PEERS[0])]

    def found() -> list[str]:
        store = Store(tmp_path / "cache", None)
        return [task.policy for task in tasks if store.read(task) is not None]

    for task in tasks:
        Store(tmp_path / "cache", None).write(task, run)
    (copy / "sizing.py").write_text("1")
    assert found() == [OURS, PEERS[0]]
    with (copy / "picking.py").open("a") as file:
        file.write("1")
    assert found() == [PEERS[0]]
    with (copy / "engine.py").open("a") as file:
        file.write("1")
    assert found() == []


def test_changed_code_has_another_hash(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("1")
    before = digest([file])
    file.write_text("2")
    assert digest([file]) != before
