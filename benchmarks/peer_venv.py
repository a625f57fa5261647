"""A peer in a venv of its own, installed from its lock file when it is first measured."""

import contextlib
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

from gateway.supervisor.tether import tethered

Progress = Callable[[str], None]


class InstallationError(RuntimeError):
    """A peer could not be installed; the text has what pip said last."""


def installed(what: str, venv: Path, lock: Path, progress: Progress) -> Path:
    """The folder of programs of `venv`, which is made anew if it is not what `lock` says; `what` is
    told of the installation then. Raises `InstallationError`."""
    ready = venv / ".ready"
    with _alone(venv):
        if not ready.exists() or ready.read_text() != lock.read_text():
            progress(f"installing {what} into {venv.name}, only once")
            shutil.rmtree(venv, ignore_errors=True)
            _install(venv, lock)
            ready.write_text(lock.read_text())
    return venv / "bin"


def _install(venv: Path, lock: Path) -> None:
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q"]
    options = ["--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", str(lock)]
    for command in ([sys.executable, "-m", "venv", str(venv)], [*pip, *options]):
        run = subprocess.run(tethered(command), capture_output=True, text=True, check=False)
        if run.returncode:
            said = "\n".join((run.stdout + run.stderr).splitlines()[-10:])
            raise InstallationError(f"{' '.join(command[:4])}: {said}")


@contextlib.contextmanager
def _alone(venv: Path) -> Generator[None]:
    """Two benchmarks at once must not install into the same folder."""
    with venv.with_name(f"{venv.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
