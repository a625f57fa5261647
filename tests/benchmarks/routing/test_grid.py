"""The grid runs each simulation once."""

from pathlib import Path

import pytest

from benchmarks.routing.grid import Store, Task, digest, run_grid, run_task

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


def test_changed_code_has_another_hash(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("1")
    before = digest([file])
    file.write_text("2")
    assert digest([file]) != before
