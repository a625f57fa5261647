"""tools.lock.yaml: which definitions of tools somebody has reviewed, beside the policies.

Written by `gatehouse pin`, sorted and with a summary of each tool, so that a change of a tool is
reviewed as a change of this file.
"""

from pathlib import Path as FilePath
from typing import Annotated, Final, Literal, Self, TypeAlias

import yaml
from pydantic import Field, model_validator

from gateway.config import yamltree
from gateway.config.document import MAX_BYTES, Document, validate
from gateway.config.section import Name, Section
from gateway.config.yamltree import Tree
from gateway.model.problem import Place, Problem

FILE_NAME: Final = "tools.lock.yaml"

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class LockedTool(Section):
    """One tool as it was reviewed."""

    name: str = Field(min_length=1, max_length=256)
    sha256: _Sha256 = Field(description="Of the whole canonical definition.")
    members: dict[str, _Digest] = Field(
        default_factory=dict[str, str],
        description="Of each member of the definition: tells which one has changed.",
    )
    summary: tuple[str, ...] = Field(
        default=(), description="What the tool says of itself; only the hash is compared."
    )


class LockedBackend(Section):
    """The tools of one backend."""

    backend: Name
    tools: tuple[LockedTool, ...] = Field(max_length=10_000)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [tool.name for tool in self.tools]
        if len(set(names)) != len(names):
            raise ValueError("a tool is listed twice: run `gatehouse pin` anew")
        return self


class ToolLock(Section):
    """tools.lock.yaml as a whole."""

    apiVersion: Literal["gatehouse.dev/v1"] = "gatehouse.dev/v1"  # noqa: N815  the field's spelling
    kind: Literal["ToolLock"]
    backends: tuple[LockedBackend, ...] = ()

    @model_validator(mode="after")
    def _each_backend_once(self) -> Self:
        names = [one.backend for one in self.backends]
        if len(set(names)) != len(names):
            raise ValueError("a backend is listed twice: run `gatehouse pin` anew")
        return self


Problems: TypeAlias = tuple[Problem, ...]


def read_tool_lock(path: FilePath) -> tuple[ToolLock | None, Problems]:
    """The pins of a file, or everything that is wrong with it. Nothing is filled in: what a tool
    says of itself must not have another file read."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        return _refused(path, f"cannot read the file: {error.strerror}")
    except UnicodeDecodeError:
        return _refused(path, "the file is not UTF-8 text")
    if len(raw) > MAX_BYTES:
        return _refused(path, f"the file is larger than {MAX_BYTES} bytes")
    match tuple(yamltree.parse(text, str(path))):
        case (Tree() as tree,):
            found = validate(Document(str(path), tree.value, tree), ToolLock)
            return (None, found) if isinstance(found, tuple) else (found, ())
        case trees:
            problems = tuple(one for one in trees if isinstance(one, Problem))
            message = f"the file has {len(trees)} documents, not one ToolLock"
            return (None, problems) if problems else _refused(path, message)


def _refused(path: FilePath, message: str) -> tuple[None, Problems]:
    return None, (Problem(Place(str(path), 1, 1), "(root)", message, "run `gatehouse pin`"),)


def lock_text(lock: ToolLock) -> str:
    """The file: backends and tools sorted by name, the same for the same pins."""
    backends = [
        {
            "backend": one.backend,
            "tools": [_tool(tool) for tool in sorted(one.tools, key=lambda tool: tool.name)],
        }
        for one in sorted(lock.backends, key=lambda one: one.backend)
    ]
    value = {"apiVersion": lock.apiVersion, "kind": lock.kind, "backends": backends}
    head = "# Written by `gatehouse pin`. Review each change as code: models do what these say.\n"
    return head + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=200)


def _tool(tool: LockedTool) -> dict[str, object]:
    told: dict[str, object] = {"name": tool.name, "sha256": tool.sha256}
    if tool.members:
        told["members"] = dict(sorted(tool.members.items()))
    if tool.summary:
        told["summary"] = list(tool.summary)
    return told
