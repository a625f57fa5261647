"""What the endpoints of a pick were compared by, as a table for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TIMES: Final = (
    *("queue", "prefill", "decode", "memory", "adapter", "network", "elsewhere", "transfer"),
)
"""Parts of a predicted time to the first token, in milliseconds."""

TAKEN_OFF: Final = frozenset({"session"})
"""Parts that make a cost smaller."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One endpoint with its parts, as the profile names them."""

    endpoint: str
    parts: Mapping[str, float]

    @property
    def priced(self) -> bool:
        """Whether the parts are those of a predicted time, and not scores."""
        return any(name in self.parts for name in TIMES)

    @property
    def expected(self) -> float:
        """The predicted time to the first token, in milliseconds."""
        return sum(self.parts.get(name, 0.0) for name in TIMES)

    @property
    def cost(self) -> float:
        """The sum of all parts, in milliseconds."""
        return sum(_signed(name, value) for name, value in self.parts.items())


def cost_table(rows: Sequence[Compared]) -> str:
    """The endpoints in their order, the best first: a line each, and a column for each part that
    is not 0 everywhere. Of predicted times their sums too."""
    if not rows:
        return "no endpoint may serve it\n"
    names = [name for name in rows[0].parts if any(row.parts.get(name) for row in rows)]
    lines: list[list[str]]
    if rows[0].priced:
        lines = [["endpoint", *names, "first token ms", "cost"]]
        lines += [[*_cells(row, names), f"{row.expected:.1f}", f"{row.cost:.1f}"] for row in rows]
    else:
        names = [*rows[0].parts]
        lines = [["endpoint", *names], *(_cells(row, names, ".3f") for row in rows)]
    return _aligned(lines)


def _cells(row: Compared, names: Iterable[str], form: str = ".1f") -> list[str]:
    return [
        row.endpoint,
        *(f"{_signed(name, row.parts.get(name, 0.0)):{form}}" for name in names),
    ]


def _signed(name: str, value: float) -> float:
    """As it counts; no -0."""
    return 0.0 - value if name in TAKEN_OFF else value


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ""
    for first, *rest in lines:
        numbers = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        text += "  ".join((first.ljust(widths[0]), *numbers)).rstrip() + "\n"
    return text
