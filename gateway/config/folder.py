"""A folder of documents, each with apiVersion, kind, metadata.name and spec; those of the Gateway
API Inference Extension and llm-d as they are.

Reads and places them; what a kind's `spec` may hold is known to the package that owns the kind.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gateway.config.document import Document, read_documents, validate
from gateway.config.gie import is_gie
from gateway.config.gie_foreign import name_of, namespace_of
from gateway.config.shape import nearest
from gateway.model.problem import Place, Problem

VERSION: Final = "gatehouse.dev/v1"
"""The apiVersion of our own documents."""
SUITE_SUFFIXES: Final = ("_test.yaml", "_test.yml")
"""Files that hold test suites of policies, not documents."""
LOCK_SUFFIXES: Final = (".lock.yaml", ".lock.yml")
"""Files with a ToolLock, in which nothing is filled in: they quote what servers say."""
_SAME_NAMES: Final = {"EndpointPickerConfig": "EndpointPicker"}
"""Kinds that share their names with another: pools name either."""


class Metadata(BaseModel):
    """What every document says about itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
    description: str = ""


class Envelope(BaseModel):
    """The outer form of every document; `spec` is opaque here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    apiVersion: Literal["gatehouse.dev/v1"]  # noqa: N815  the field's Kubernetes-style spelling
    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]*$")]
    metadata: Metadata
    spec: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Resource:
    """One document of the folder. Its owner validates `document` against the kind's whole model.

    The `name` of a foreign one is "" if it has none.
    """

    kind: str
    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds. With `problems` the resources are incomplete and must not be used."""

    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...]


def read_folder(folder: FilePath, environment: Mapping[str, str]) -> Folder:
    """Every document of every *.yaml and *.yml below `folder`, in the order of file names.

    Hidden files and folders are left out (Kubernetes mounts its copies in them), and so are
    suites. A name may occur once per kind, that of a foreign document once per namespace.
    """
    if not folder.is_dir():
        problem = Problem(Place(str(folder), 1, 1), "(root)", "not a folder", "create it")
        return Folder((), (problem,))
    resources: list[Resource] = []
    taken: dict[tuple[str, ...], Resource] = {}
    problems = list(_unlistable(folder))
    for path in _files(folder):
        for document in read_documents(path, environment):
            found = document if isinstance(document, Problem) else _resource(document)
            if isinstance(found, Resource):
                twice = _taken(taken, found)
                problems += twice
                resources += () if twice else (found,)
            else:
                problems += (found,) if isinstance(found, Problem) else found
    return Folder(tuple(resources), tuple(problems))


def _unlistable(folder: FilePath) -> Iterator[Problem]:
    """Folders that cannot be listed: what is in them would be left out without a word."""
    failed: list[OSError] = []
    for _ in os.walk(folder, onerror=failed.append):
        pass
    for error in failed:
        message = f"cannot read the folder: {error.strerror}"
        yield Problem(Place(str(error.filename), 1, 1), "(root)", message, "check its permissions")


def _files(folder: FilePath) -> Iterator[FilePath]:
    for path in sorted(folder.rglob("*.y*ml")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        others = path.name.endswith((*SUITE_SUFFIXES, *LOCK_SUFFIXES))
        wanted = path.suffix in {".yaml", ".yml"} and not others
        if wanted and not hidden and path.is_file():
            yield path


def lock_files(folder: FilePath) -> tuple[FilePath, ...]:
    """Every *.lock.yaml and *.lock.yml below `folder` that is not hidden, in order."""
    return tuple(
        path
        for path in sorted(folder.rglob("*.lock.y*ml"))
        if path.name.endswith(LOCK_SUFFIXES)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def _resource(document: Document) -> Resource | tuple[Problem, ...]:
    if is_gie(document):
        kind = document.value["kind"] if isinstance(document.value, dict) else ""
        return Resource(str(kind), name_of(document), document)
    if isinstance(document.value, dict) and document.value.get("kind") == "ToolLock":
        fix = "name the file tools.lock.yaml"
        return (document.problem(("kind",), "a ToolLock has a file of its own", fix),)
    if _is_others(document):
        return (_not_read(document),)
    envelope = validate(document, Envelope)
    if isinstance(envelope, tuple):
        return envelope
    return Resource(envelope.kind, envelope.metadata.name, document)


def _is_others(document: Document) -> bool:
    """Whether a document is of somebody else, as opposed to one of ours with a slip of the pen."""
    version = document.value.get("apiVersion") if isinstance(document.value, dict) else None
    return isinstance(version, str) and nearest(version, [VERSION]) is None


def _not_read(document: Document) -> Problem:
    kind, version = document.quote(("kind",)), document.quote(("apiVersion",))
    fix = "move it out of this folder"
    if kind == '"ConfigMap"':
        fix += "; an EndpointPickerConfig in its data has to be a file of its own"
    return document.problem(("kind",), f"{kind} of {version} is not read here", fix)


def _taken(taken: dict[tuple[str, ...], Resource], found: Resource) -> tuple[Problem, ...]:
    kind = _SAME_NAMES.get(found.kind, found.kind)
    namespace = (namespace_of(found.document) or "") if is_gie(found.document) else ""
    earlier = taken.setdefault((kind, "" if kind != found.kind else namespace, found.name), found)
    if earlier is found or not found.name:
        return ()
    path = ("metadata", "name")
    message = f'{found.kind} "{found.name}" already exists'
    fix = f"rename one; the other is at {earlier.document.place(path)}"
    return (found.document.problem(path, message, fix),)
