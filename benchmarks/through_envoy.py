"""tools/call: the matrix of contenders, connections and body sizes."""

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.cells import Cell, Progress, take_turns
from benchmarks.contenders import contenders
from benchmarks.generator import Generator
from benchmarks.messages import KILOBYTE

BENCH: Final = "tools/call"
BODIES: Final = (KILOBYTE, 100 * KILOBYTE)
CONNECTIONS: Final = (1, 32)
SIZES: Final = (1, 100, 1000)


def measure(  # noqa: PLR0913  each is an option of the command line
    generate: Generator,
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
    sizes: Sequence[int] = SIZES,
    bodies: Sequence[int] = BODIES,
) -> list[Cell]:
    """Every cell, measured `rounds` times for `seconds` each."""
    progress("starting every contender")
    with tempfile.TemporaryDirectory() as name, contenders(Path(name), sizes) as everybody:
        # Contenders are innermost: those that are compared run next to one another in time.
        cells = [
            Cell(BENCH, contender, contender.call(body), connections)
            for body, connections in itertools.product(bodies, CONNECTIONS)
            for contender in everybody
        ]
        take_turns(cells, generate, progress, rounds=rounds, seconds=seconds)
    return cells
