"""LiteLLM is installed once, and anew when its lock file is another."""

from pathlib import Path

import pytest

from benchmarks.litellm_proxy import LOCK, InstallationError, installed


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file that asks for nothing."""
    path = tmp_path / "litellm.lock"
    path.write_text("# nothing\n")
    return path


def test_it_is_installed_once_and_anew_when_the_lock_file_is_another(
    tmp_path: Path, lock: Path
) -> None:
    said: list[str] = []
    venv = tmp_path / "venv"
    program = installed(said.append, venv, lock)
    assert program == venv / "bin" / "litellm"
    assert ["installing LiteLLM" in line for line in said] == [True]
    left = venv / "of-before"
    left.touch()
    installed(said.append, venv, lock)
    assert len(said) == 1
    assert left.exists()
    lock.write_text("# nothing either\n")
    installed(said.append, venv, lock)
    assert len(said) == 2
    assert not left.exists()


def test_an_installation_that_fails_says_why_and_does_not_count(tmp_path: Path, lock: Path) -> None:
    said: list[str] = []
    lock.write_text("./nowhere --hash=sha256:0\n")
    with pytest.raises(InstallationError, match="nowhere"):
        installed(said.append, tmp_path / "venv", lock)
    lock_of_before = tmp_path / "venv" / ".ready"
    assert not lock_of_before.exists()


def test_every_package_is_pinned_by_its_hash() -> None:
    pins = [line for line in LOCK.read_text().splitlines() if not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert any(pin.startswith("litellm==") for pin in pins)
