"""A policy document as it comes from its file. Pure: no I/O, no clock."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.config.yamltree import Path, path_text
from gateway.model.problem import Place, Problem
from gateway.policy.cel import CelError
from gateway.policy.schema import AccessPolicy


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A validated document. `place` tells where the value at a YAML path was written (where it is
    absent: the nearest enclosing value). With `text`, the file as it is, errors inside of `when`
    have the exact line and column in every style of YAML scalar."""

    model: AccessPolicy
    place: Callable[[Path], Place]
    text: str = field(default="", repr=False)

    def error(self, path: Path, message: str, fix: str = "") -> Problem:
        """An error about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix)

    def warning(self, path: Path, message: str, fix: str = "") -> Problem:
        """A warning about the value at `path`."""
        return Problem(self.place(path), path_text(path), message, fix, "warning")

    def cel_error(self, path: Path, error: CelError) -> Problem:
        """An error within the CEL expression at `path`."""
        place = _within(self.place(path), self.text.splitlines(), error)
        return Problem(place, path_text(path), error.message, error.fix)


def _within(start: Place, lines: list[str], error: CelError) -> Place:
    """Where a position of an expression stands in the file, given where its scalar begins.

    Exact but for folded scalars and escapes in quoted ones: there the line is, the column may not
    be. Without the file's text a scalar is taken to be plain, or literal if it has several lines.
    """
    head = lines[start.line - 1][start.column - 1 :] if start.line <= len(lines) else ""
    if head[:1] not in {"|", ">"}:
        quote = int(head[:1] in {'"', "'"})
        column = start.column + quote if error.line == 1 else 1
        return replace(start, line=start.line + error.line - 1, column=column + error.column - 1)
    first = next((n for n in range(start.line, len(lines)) if lines[n].strip()), start.line)
    indent = len(lines[first]) - len(lines[first].lstrip(" ")) if first < len(lines) else 0
    folded = 1 if head[:1] == ">" else error.line
    return replace(start, line=first + folded, column=indent + error.column)
