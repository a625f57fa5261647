"""What others publish of their cost, and Presidio run beside the gateway's own detector."""

import contextlib
import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.guardrails import cost
from gateway.supervisor.tether import tethered
from tests.support.processes import ROOT

VENV: Final = ROOT / ".presidio"
LOCK: Final = ROOT / "benchmarks" / "guardrails" / "presidio.lock"
SCRIPT: Final = ROOT / "benchmarks" / "guardrails" / "presidio.py"

Progress = Callable[[str], None]


class InstallationError(RuntimeError):
    """Presidio could not be installed; the text has what pip said last."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A cost that somebody else published or that was measured here: microseconds for a kilobyte,
    and how many times what `ours` costs on the same text (on English where the text is theirs)."""

    name: str
    source: str
    microseconds: float
    ours: str
    times: float


PUBLISHED: Final = (
    ("LLM Guard, Anonymize", 177.0, "pii"),
    ("LLM Guard, Anonymize, ONNX", 129.0, "pii"),
    ("LLM Guard, PromptInjection", 213.0, "scorer"),
    ("LLM Guard, PromptInjection, ONNX", 104.0, "scorer"),
    ("LLM Guard, Secrets", 30.0, "secrets"),
    ("LLM Guard, MaliciousURLs", 121.0, "malicious_url"),
    ("LLM Guard, BanTopics", 416.0, "topics"),
)
"""Milliseconds that LLM Guard's documentation gives for a text of about 384 characters on an AWS
m5.xlarge (protectai/llm-guard, docs of each scanner), and the detector of ours for the same
purpose. Its models judge meaning, which ours do not: the price of that is what is compared."""

ANALYZER: Final = (
    "Presidio, whole analyzer",
    "measured before: 2.2.366, spaCy without a model, 8 kB, two cores",
    6_500.0,
    "pii",
)
"""It does not run here as it comes, since it fetches a language model."""

PUBLISHED_CHARACTERS: Final = 384
_SOURCE: Final = "published: LLM Guard's documentation, m5.xlarge, about 384 characters"


def published(costs: Sequence[cost.Cost]) -> list[Peer]:
    """Costs that are known of others beside ours on English as measured here: other machines."""
    ours = {one.what: one.microseconds.median for one in costs if one.text == cost.ENGLISH}
    found = [
        Peer(name, _SOURCE, spent, own, spent / ours[own])
        for name, milliseconds, own in PUBLISHED
        if own in ours
        for spent in [milliseconds * 1e6 / PUBLISHED_CHARACTERS]
    ]
    name, source, spent, own = ANALYZER
    return [*found, Peer(name, source, spent, own, spent / ours[own])] if own in ours else found


def measured(costs: Sequence[cost.Cost], texts: Mapping[str, str], program: Path) -> list[Peer]:
    """Presidio's recognisers on the very texts that ours were measured on."""
    run = subprocess.run(
        tethered([str(program), str(SCRIPT)]),
        input=json.dumps(dict(texts)),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, float]] = json.loads(run.stdout)
    ours = {one.text: one.microseconds.median for one in costs if one.what == "pii"}
    return [
        Peer(f"Presidio, {name}", f"measured here: {text}", spent, "pii", spent / ours[text])
        for name, spents in found.items()
        for text, spent in spents.items()
        if text in ours
    ]


def installed(progress: Progress, venv: Path = VENV, lock: Path = LOCK) -> Path:
    """The Python of `venv`, which is made anew if it is not what `lock` says. No language model is
    installed. Raises `InstallationError`."""
    ready = venv / ".ready"
    with _alone(venv):
        if not ready.exists() or ready.read_text() != lock.read_text():
            progress(f"installing Presidio into {venv.name}: about a minute, 400 MB, only once")
            shutil.rmtree(venv, ignore_errors=True)
            _install(venv, lock)
            ready.write_text(lock.read_text())
    return venv / "bin" / "python"


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


def document(peers: Sequence[Peer]) -> list[dict[str, Any]]:
    """As JSON values."""
    return [
        {
            "name": one.name,
            "source": one.source,
            "microseconds_per_kilobyte": one.microseconds,
            "ours": one.ours,
            "times_ours": one.times,
        }
        for one in peers
    ]
