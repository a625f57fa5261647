"""InferenceObjectives and InferenceModelRewrites as the API of a cluster tells them, each read by
itself. Pure: no I/O, no clock.

Source: Gateway API Inference Extension and llm-d router v0.10. An object that is being deleted
counts as gone there, and here.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from gateway.config.document import Document, validate
from gateway.config.gie_resources import InferenceModelRewrite, InferenceObjective
from gateway.config.yamltree import Path, Tree
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.problem import Place, Problem

ClusterModel: TypeAlias = InferenceObjective | InferenceModelRewrite

MOST_BYTES: Final = 64 * 1024
"""Of one object as JSON, without what is not read of it."""

MOST_TEXT: Final = 500
"""Characters of what is said of one object."""

_DEEPEST: Final = 16
_ODD: Final = re.compile(r"[^-.a-zA-Z0-9]")

GROUPS: Final = ("llm-d.ai", "inference.networking.x-k8s.io")
"""The API groups of both kinds; of two objects of one name that of the first counts."""

KINDS: Final[dict[str, type[ClusterModel]]] = {
    "InferenceObjective": InferenceObjective,
    "InferenceModelRewrite": InferenceModelRewrite,
}
_METADATA: Final = ("name", "namespace", "creationTimestamp")
_UNREAD: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
_POOL: Final = ("inference.networking.k8s.io", "InferencePool")


@dataclass(frozen=True, slots=True)
class ClusterObject:
    """One object of a cluster. `pool` is the InferencePool (v1) that it is of, "" if that is of
    another kind, None if it cannot be read. Without `model` it cannot be used, and `fault` says
    why. `size` is in bytes."""

    kind: str
    name: str
    pool: str | None
    size: int
    document: Document = field(repr=False)
    model: ClusterModel | None = None
    fault: str = ""

    def of(self, pool: str) -> "ClusterObject":
        """The same as an object of `pool` of gateway.yaml, which may be called otherwise."""
        document = _document(f"pool {pool}: {self.document.file}", self.document.value)
        fault = f"pool {pool}: {self.fault}" if self.fault else ""
        if self.model is None:
            return replace(self, pool=pool, document=document, fault=fault)
        ref = self.model.spec.pool_ref.model_copy(update={"name": pool})
        spec = self.model.spec.model_copy(update={"pool_ref": ref})
        model = self.model.model_copy(update={"spec": spec})
        return replace(self, pool=pool, document=document, model=model)


def cluster_object(value: JsonObject, kind: str, group: str) -> ClusterObject | None:
    """An item of a list or watch of `kind` in `group`; None while it is being deleted. `value` has
    a metadata.name."""
    metadata = value.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    if about.get("deletionTimestamp") is not None:
        return None
    name = str(about.get("name", ""))
    where = f"{kind} {_plain(about.get('namespace', 'default'))}/{_plain(name)}"
    read: JsonObject = {
        "apiVersion": value.get("apiVersion", f"{group}/v1alpha2"),
        "kind": value.get("kind", kind),
        "metadata": {key: about[key] for key in _METADATA if key in about},
        **{key: one for key, one in value.items() if key not in _UNREAD},
    }
    pool = _pool_of(read)
    if _deep(read):
        fault, size = f"{where}: it is deeper than {_DEEPEST} levels", 0
    else:
        size = len(json.dumps(read))
        fault = f"{where}: it is larger than {MOST_BYTES} bytes" if size > MOST_BYTES else ""
    if fault:
        return ClusterObject(kind, name, pool, size, _document(where, None), None, fault)
    document = _document(where, read)
    model = validate(document, KINDS[kind])
    if isinstance(model, tuple):
        return ClusterObject(kind, name, pool, size, document, None, told(model[0]))
    return ClusterObject(kind, name, pool, size, document, model)


def told(problem: Problem) -> str:
    """A problem of an object for logs and status: it has no line."""
    fix = f" ({problem.fix})" if problem.fix else ""
    text = f"{problem.place.file}, {problem.path}: {problem.message}{fix}"
    return "".join(one if one.isprintable() else "?" for one in text[:MOST_TEXT])


def _plain(name: JsonValue) -> str:
    return _ODD.sub("?", str(name)[:253])


def _deep(value: JsonValue) -> bool:
    """Whether it has more levels than any object of these kinds."""
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        level = [
            below
            for one in level
            for below in (
                one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            )
        ]
    return bool(level)


def _pool_of(value: JsonObject) -> str | None:
    """The InferencePool that an object says it is of."""
    match value:
        case {"spec": {"poolRef": {"name": str(name), **rest}}}:
            ref = rest.get("group", _POOL[0]), rest.get("kind", _POOL[1])
            return name if ref == _POOL else ""
        case _:
            return None


def _document(where: str, value: JsonValue) -> Document:
    places = {path: Place(where, 1, 1) for path in _paths(value, ())}
    return Document(where, value, Tree(value, places, dict(places)))


def _paths(value: JsonValue, path: Path) -> Iterator[Path]:
    yield path
    match value:
        case dict():
            for key, one in value.items():
                yield from _paths(one, (*path, key))
        case list():
            for number, one in enumerate(value):
                yield from _paths(one, (*path, number))
        case _:
            pass
