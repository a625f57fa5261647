"""gateway.yaml as a whole: read, typed, cross-checked, and only then handed out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.checks import check_gateway
from gateway.config.destination import settled
from gateway.config.document import Document, read_documents, validate
from gateway.config.schema import Gateway
from gateway.model.problem import Place, Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of reading gateway.yaml. `gateway` is None exactly if a problem is an error, and
    `settled` otherwise;
    `document` keeps the places for checks that need more than this file, `typed` what was read even
    if a check refused it."""

    gateway: Gateway | None
    problems: tuple[Problem, ...]
    document: Document | None = None
    typed: Gateway | None = None


def load_gateway(
    path: Path, environment: Mapping[str, str], *, demo: bool = False
) -> Gateway | tuple[Problem, ...]:
    """The configuration in `path`, or every error in it.

    Relative paths in it start at its folder. `demo` accepts a configuration without session keys,
    which the caller then makes up.
    """
    loaded = inspect_gateway(path, environment, demo=demo)
    if loaded.gateway is not None:
        return loaded.gateway
    return tuple(problem for problem in loaded.problems if problem.severity == "error")


def inspect_gateway(path: Path, environment: Mapping[str, str], *, demo: bool = False) -> Loaded:
    """Like `load_gateway`, with warnings and places."""
    documents = read_documents(path, environment)
    match documents:
        case (Document() as document,):
            return _loaded(document, path.resolve().parent, demo=demo)
        case (Problem(), *_) as problems:
            return Loaded(None, problems)
        case _:
            found = f"has {len(documents)} documents" if documents else "is empty"
            message = f"the file {found}, not one document"
            return Loaded(None, (Problem(Place(str(path), 1, 1), "(root)", message),))


def _loaded(document: Document, folder: Path, *, demo: bool) -> Loaded:
    gateway = validate(document, Gateway, folder)
    if isinstance(gateway, tuple):
        return Loaded(None, gateway, document)
    problems = tuple(check_gateway(gateway, document, demo=demo))
    broken = any(problem.severity == "error" for problem in problems)
    return Loaded(None if broken else settled(gateway), problems, document, gateway)
