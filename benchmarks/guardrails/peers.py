"""What others publish of their cost, and Presidio run beside the gateway's own detector."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import peer_venv
from benchmarks.guardrails import cost
from benchmarks.peer_venv import Progress
from gateway.supervisor.tether import tethered
from tests.support.processes import ROOT

VENV: Final = ROOT / ".presidio"
LOCK: Final = ROOT / "benchmarks" / "guardrails" / "presidio.lock"
SCRIPT: Final = ROOT / "benchmarks" / "guardrails" / "presidio.py"


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


def installed(progress: Progress) -> Path:
    """The Python that has Presidio, without a language model. Raises `InstallationError`."""
    return peer_venv.installed("Presidio (a minute, 400 MB)", VENV, LOCK, progress) / "python"


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
