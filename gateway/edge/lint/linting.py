"""Reads a file and looks for every danger in it."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from gateway.config import yamltree
from gateway.edge.lint import dangers
from gateway.edge.lint.danger import Danger, Finding
from gateway.edge.lint.expected import Expected
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup, setup_of
from gateway.model.problem import Place, Problem

_OF_BOOTSTRAP: Final = ("static_resources", "dynamic_resources", "admin", "layered_runtime")
MAX_BYTES: Final = 16 * 1024 * 1024


@cache
def all_dangers() -> tuple[Danger, ...]:
    """Every danger, by name. TypeError for a module without `DANGER`."""
    return tuple(sorted(_scanned(), key=lambda danger: danger.name))


def _scanned() -> Iterator[Danger]:
    for module in pkgutil.iter_modules(dangers.__path__):
        danger = getattr(
            importlib.import_module(f"{dangers.__name__}.{module.name}"), "DANGER", None
        )
        if not isinstance(danger, Danger):
            raise TypeError(f"{dangers.__name__}.{module.name} has no DANGER")
        yield danger


def lint(file: Path, expected: Expected) -> tuple[Finding, ...] | tuple[Problem, ...]:
    """What is dangerous in `file`, in its order, or what keeps it from being read."""
    text = _read(file)
    return (text,) if isinstance(text, Problem) else lint_text(text, str(file), expected)


def lint_text(
    text: str, file: str, expected: Expected
) -> tuple[Finding, ...] | tuple[Problem, ...]:
    """The same for a text; `file` names it."""
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs, YAML may not
    roots: list[Node] = []
    for tree in yamltree.parse(text, file):
        if isinstance(tree, Problem):
            return (tree,)
        roots.append(Node(file, tree, tree.value))
    setup = setup_of(roots, expected)
    if not _of_envoy(setup):
        fix = "want a bootstrap, a list of resources, or a snippet"
        return (_unread(file, "there is no configuration of Envoy in it", fix),)
    found = [finding for danger in all_dangers() for finding in danger.findings(setup)]
    return tuple(sorted(found, key=_order))


def _of_envoy(setup: Setup) -> bool:
    """Whether a file has anything to do with Envoy: to find nothing in another would mislead."""
    resources = bool(setup.managers or setup.clusters)
    return resources or any(root[key].given for root in setup.roots for key in _OF_BOOTSTRAP)


def _order(finding: Finding) -> tuple[int, int, str]:
    return finding.place.line, finding.place.column, finding.danger


def _read(file: Path) -> str | Problem:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        return _unread(str(file), f"cannot read the file: {error.strerror}")
    if len(raw) > MAX_BYTES:
        return _unread(str(file), f"the file is larger than {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unread(str(file), "the file is not UTF-8 text")


def _unread(file: str, message: str, fix: str = "") -> Problem:
    return Problem(Place(file, 1, 1), "(root)", message, fix)
