"""What one delta of a stream costs in this process: the engine alone, the screen of the gateway."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks.guardrails import prose
from benchmarks.micro import Figure, Progress, best_of
from benchmarks.spread import Spread
from gateway.guardrails.book import GuardrailBook
from gateway.guardrails.budget import Budget
from gateway.guardrails.patterns import PatternSet
from gateway.model.passage import Part, Stage

NAME: Final = "all"
"""Of the Guardrail in the books that are measured."""

DELTA: Final = 5
"""Characters of a delta."""

LENGTH: Final = 8_000
"""Characters of a stream."""

ENGINE: Final = "engine alone"
EMPTY: Final = "the same loop without a detector"
SCREEN: Final = "screen of the gateway, all pattern detectors"
SCORED: Final = "the same with the scorer"


def pieces(text: str, size: int = DELTA) -> list[str]:
    """The text in deltas."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def streams(
    everything: PatternSet,
    guarded: Mapping[str, GuardrailBook],
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
) -> list[Figure]:
    """CPU time of a delta in streams of 8,000 characters of English."""
    deltas = pieces(prose.english(LENGTH))
    operations: dict[str, Callable[[], object]] = {
        EMPTY: lambda: _loop(deltas),
        ENGINE: lambda: _engine(everything, deltas),
    }
    operations |= {name: _screening(one, deltas) for name, one in guarded.items()}
    bests: dict[str, list[float]] = {name: [] for name in operations}
    for number in range(rounds):
        progress(f"deltas, round {number + 1}/{rounds}")
        for name, operation in operations.items():
            bests[name].append(best_of(operation, seconds, 1) / len(deltas))
    return [Figure(name, "µs", Spread.of(found)) for name, found in bests.items()]


def _loop(deltas: Sequence[str]) -> int:
    return sum(map(len, deltas))


def _engine(everything: PatternSet, deltas: Sequence[str]) -> int:
    stream = everything.stream(Part.ASSISTANT, None, Budget())
    for delta in deltas:
        stream.feed(delta)
    stream.finish()
    return len(stream.settled)


def _screening(one: GuardrailBook, deltas: Sequence[str]) -> Callable[[], int]:
    def screen() -> int:
        text = one.screen([NAME]).channel("c", Stage.RESPONSE, Part.ASSISTANT)
        passed = sum(len(text.feed(delta)) for delta in deltas) + len(text.finish())
        if passed != LENGTH:
            raise RuntimeError("the stream did not pass")
        return passed

    return screen
