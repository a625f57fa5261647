"""What a danger is, and one found in a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from typing_extensions import override

from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Setup
from gateway.model.problem import Problem

Level: TypeAlias = Literal["danger", "advice"]
"""A `danger` lets something pass, leaks something, or breaks what clients rely on; `advice` makes
the gateway less dependable or less clear."""

Found: TypeAlias = Iterator[tuple[Node, str]]
"""Places of a file, and what is there."""


@dataclass(frozen=True, slots=True)
class Danger:
    """One kind. `reason` says what comes of it, `fix` what to do; both are half sentences."""

    name: str
    level: Level
    reason: str
    fix: str
    find: Callable[[Setup], Found]

    def findings(self, setup: Setup) -> "Iterator[Finding]":
        """Where a file has it."""
        for node, what in self.find(setup):
            yield Finding(
                node.place,
                str(node),
                f"{what}: {self.reason}",
                self.fix,
                "error" if self.level == "danger" else "warning",
                self.name,
            )


@dataclass(frozen=True, slots=True)
class Finding(Problem):
    """One danger in a file. `danger` is its name."""

    danger: str = ""

    @property
    def level(self) -> Level:
        """How bad it is."""
        return "danger" if self.severity == "error" else "advice"

    @override
    def __str__(self) -> str:
        said = f"{self.place}: {self.level}: {self.path}: {self.message} ({self.fix})"
        return f"{said} [{self.danger}]"
