"""What is wrong with a document, where, and how to mend it. Pure: no I/O, no clock."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file. Lines and columns count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `path` is the YAML path (spec.rules[0].when), `fix` what to do about it.

    An error keeps the document from being used; a warning is a document that works, but probably
    not as meant.
    """

    place: Place
    path: str
    message: str
    fix: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.place}: {self.severity}: {self.path}: {self.message}{fix}"
