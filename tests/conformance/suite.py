"""Runs the public MCP conformance suite (npm @modelcontextprotocol/conformance) against a URL.

The suite plays a client through its scenarios and writes a checks.json for each of them.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.node import MODULES, node_command

SUITE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
RUN_SECONDS = 90


@dataclass(frozen=True)
class Baseline:
    """How many checks pass and fail for a revision of the specification."""

    version: str
    passed: int
    failed: int = 0


# What the servers of the official SDKs reach, and what a gateway before them has to reach too.
BASELINES = (
    Baseline("2025-03-26", 3),
    Baseline("2025-06-18", 56),
    Baseline("2025-11-25", 84),
    Baseline("2026-07-28", 152),
)


@dataclass(frozen=True)
class Outcome:
    """The counted checks of one run, and a line on each that failed or warned."""

    passed: int
    failed: int
    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def run_suite(url: str, version: str, directory: Path) -> Outcome:
    """Runs every scenario of `version` against `url`; `directory` gets the suite's own records.

    Takes 1 to 6 seconds. Raises `RuntimeError` if the suite has not run at all.
    """
    results = directory / version
    command = node_command(SUITE, "server", "--url", url, "--suite", "all")
    command += ["--spec-version", version, "--output-dir", str(results)]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False, cwd=directory
    )
    checks = [
        (path.parent.name, check)
        for path in sorted(results.glob("*/checks.json"))
        for check in json.loads(path.read_text())
    ]
    if not checks:
        raise RuntimeError(f"the suite has not run\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
    return count(checks)


def count(checks: list[tuple[str, dict[str, Any]]]) -> Outcome:
    """Counts (folder of the scenario, check) pairs by status."""
    statuses = Counter(check["status"] for _, check in checks)
    return Outcome(
        passed=statuses["SUCCESS"],
        failed=statuses["FAILURE"],
        failures=tuple(describe(*pair) for pair in checks if pair[1]["status"] == "FAILURE"),
        warnings=tuple(describe(*pair) for pair in checks if pair[1]["status"] == "WARNING"),
    )


def describe(folder: str, check: dict[str, Any]) -> str:
    """One line: scenario, check, and what the suite says is wrong."""
    # The folder is "server-", the scenario's name and a time with 24 characters.
    scenario = folder.removeprefix("server-")[:-25]
    return f"{scenario}: {check['id']}: {check.get('errorMessage') or check['description']}"


def everything_command(name: str, *options: str) -> list[str]:
    """The command that starts a server which passes the suite; it prints `ready URL`."""
    return [sys.executable, "-m", "tests.conformance.everything", "--name", name, *options]
