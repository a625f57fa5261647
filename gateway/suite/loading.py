"""Suites from files. Reads files, nothing else."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.document import Document, read_documents, validate
from gateway.config.folder import SUITE_SUFFIXES
from gateway.config.yamltree import Path as YamlPath
from gateway.model.problem import Place, Problem
from gateway.suite.inputs import principal_from
from gateway.suite.schema import PolicySuite


@dataclass(frozen=True, slots=True)
class LoadedSuite:
    """A valid suite; `place` tells where the value at a YAML path was written."""

    model: PolicySuite
    file: str
    place: Callable[[YamlPath], Place]


def load_suites(
    path: Path, environment: Mapping[str, str]
) -> tuple[LoadedSuite, ...] | tuple[Problem, ...]:
    """The suites of one file, or of every `*_test.yaml` below a folder in the order of names;
    or everything that is wrong with them."""
    suites: list[LoadedSuite] = []
    problems: list[Problem] = []
    for file in _files(path):
        for document in read_documents(file, environment):
            found = (document,) if isinstance(document, Problem) else suite_from(document)
            if isinstance(found, LoadedSuite):
                suites.append(found)
            else:
                problems += found
    return tuple(problems) if problems else tuple(suites)


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return (path,)
    return sorted(file for file in path.rglob("*") if file.name.endswith(SUITE_SUFFIXES))


def suite_from(document: Document) -> LoadedSuite | tuple[Problem, ...]:
    """A PolicySuite document, or what is wrong with it."""
    model = validate(document, PolicySuite)
    if isinstance(model, tuple):
        return model
    problems: list[Problem] = []
    for name, given in model.spec.principals.items():
        try:
            principal_from(given)
        except ValueError as error:
            path = ("spec", "principals", name, "id")
            problems.append(document.problem(path, str(error), "see principals in the reference"))
    return tuple(problems) or LoadedSuite(model, document.file, document.place)
