"""A peer is installed once, and anew when its lock file is another."""

from pathlib import Path

import pytest

from benchmarks.peer_venv import InstallationError, installed


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file that asks for nothing."""
    path = tmp_path / "it.lock"
    path.write_text("# nothing\n")
    return path


def test_it_is_installed_once_and_anew_when_the_lock_file_is_another(
    tmp_path: Path, lock: Path
) -> None:
    said: list[str] = []
    venv = tmp_path / "venv"
    programs = installed("it", venv, lock, said.append)
    assert programs == venv / "bin"
    assert ["installing it" in line for line in said] == [True]
    left = venv / "of-before"
    left.touch()
    installed("it", venv, lock, said.append)
    assert len(said) == 1
    assert left.exists()
    lock.write_text("# nothing either\n")
    installed("it", venv, lock, said.append)
    assert len(said) == 2
    assert not left.exists()


def test_an_installation_that_fails_says_why_and_does_not_count(tmp_path: Path, lock: Path) -> None:
    said: list[str] = []
    lock.write_text("./nowhere --hash=sha256:0\n")
    with pytest.raises(InstallationError, match="nowhere"):
        installed("it", tmp_path / "venv", lock, said.append)
    lock_of_before = tmp_path / "venv" / ".ready"
    assert not lock_of_before.exists()
