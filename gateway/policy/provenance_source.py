"""A Provenance document as it comes from its file, and what is wrong with it. Pure."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from gateway.config.shape import nearest
from gateway.config.yamltree import Path, path_text
from gateway.model.problem import Place, Problem
from gateway.policy.provenance_schema import Provenance


@dataclass(frozen=True, slots=True)
class ProvenanceSource:
    """A validated document; `place` tells where the value at a YAML path was written."""

    model: Provenance
    place: Callable[[Path], Place]

    def problem(self, path: Path, message: str, fix: str = "") -> Problem:
        """An error about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix)


def provenance_findings(
    sources: Sequence[ProvenanceSource], backends: Collection[str], routes: Collection[str]
) -> Iterator[Problem]:
    """Names that are given twice, and targets that are not there."""
    names: set[str] = set()
    for source in sources:
        name = source.model.metadata.name
        if name in names:
            message = f"there is a Provenance {name} already"
            yield source.problem(("metadata", "name"), message, "give it another name")
        names.add(name)
        for number, target in enumerate(source.model.spec.targets):
            known, kind = (backends, "backend") if target.backend else (routes, "route")
            named = target.backend or target.route or ""
            if named not in known:
                near = nearest(named, known)
                fix = f'did you mean "{near}"?' if near else ""
                path: Path = ("spec", "targets", number, kind)
                yield source.problem(path, f"there is no {kind} {named}", fix)
