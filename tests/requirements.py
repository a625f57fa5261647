"""Does every behaviour that is asked for have its tests, and every behaviour test its requirement?

`python -m tests.requirements` reads requirements.toml beside it: by stable id what is asked for
(`says`), where (`source`), the `tests` that show it (file::function), and, where that is not all,
what is `missing`. Exit code 1 if a test does not exist, an entry has neither tests nor a word on
what is missing, or a test of BEHAVIOUR belongs to no entry.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
MANIFEST: Final = ROOT / "tests" / "requirements.toml"
BEHAVIOUR: Final = ("tests/envoy", "tests/cli")
"""Folders whose every test shows something that was asked for."""

_ID: Final = re.compile(r"[a-z]+(\.[a-z0-9-]+)+")
_KEYS: Final = frozenset({"says", "source", "tests", "missing"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of behaviour. `missing` says what no test shows yet; empty: nothing."""

    name: str
    says: str
    source: str
    tests: tuple[str, ...]
    missing: str = ""


def read(text: str) -> list[Requirement]:
    """The entries of a manifest. Raises ValueError for one that is not of the form."""
    return [_entry(name, entry) for name, entry in tomllib.loads(text).items()]


def _entry(name: str, entry: Any) -> Requirement:
    if not isinstance(entry, dict) or not _ID.fullmatch(name):
        raise ValueError(f'{name}: write ["area.behaviour"] over each entry')
    fields: dict[str, Any] = {"missing": "", "tests": [], **entry}
    if fields.keys() != _KEYS:
        raise ValueError(f"{name}: an entry has {', '.join(sorted(_KEYS))}")
    tests: list[str] = fields.pop("tests")
    return Requirement(name=name, tests=tuple(tests), **fields)


def functions(root: Path) -> frozenset[str]:
    """Every test function below tests/, as file::function, read without importing anything."""
    return frozenset(
        f"{file.relative_to(root).as_posix()}::{node.name}"
        for file in (root / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def findings(requirements: list[Requirement], known: frozenset[str]) -> Iterator[str]:
    """What is wrong, one line each."""
    for requirement in requirements:
        if not requirement.tests and not requirement.missing:
            yield f"{requirement.name}: no tests, and no word on what is missing"
        for test in requirement.tests:
            if test not in known:
                yield f"{requirement.name}: there is no {test}"
    named = {test for requirement in requirements for test in requirement.tests}
    for test in sorted(known - named):
        if test.startswith(tuple(f"{folder}/" for folder in BEHAVIOUR)):
            yield f"{test} shows what nobody asked for: name it in requirements.toml"


def main() -> int:
    """Print the findings and how much is missing; returns the exit status."""
    requirements = read(MANIFEST.read_text(encoding="utf-8"))
    found = list(findings(requirements, functions(ROOT)))
    for line in found:
        sys.stderr.write(f"{line}\n")
    missing = [one for one in requirements if one.missing]
    for one in missing:
        sys.stdout.write(f"missing: {one.name}: {one.missing}\n")
    sys.stdout.write(f"{len(requirements)} requirements, of which {len(missing)} lack tests\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
