"""What detectors cost in this process, in microseconds of CPU time for a kilobyte of text."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from benchmarks.guardrails import prose
from benchmarks.guardrails.subject import Subject
from benchmarks.micro import Progress, best_of
from benchmarks.spread import Spread
from gateway.guardrails.budget import CALLS, Budget
from gateway.guardrails.normal import normalised
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.scorer.linear import shipped
from gateway.guardrails.windows import Windows
from gateway.model.passage import Part

KILOBYTE: Final = 1_000
ENGLISH: Final = "English, 8 kB"
FOREIGN: Final = "nine languages, 8 kB"
DENSE: Final = "full of personal data, 8 kB"
CODE: Final = "Python's manual, 8 kB"
TOGETHER: Final = "all pattern detectors"
NORMAL: Final = "normaliser alone"
SCORER: Final = "scorer"

_NO_CAP: Final = 10**9
ResultT = TypeVar("ResultT")

_ARGUMENTS: Final = f"{TOGETHER}, in tool arguments"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one operation on one text, for a kilobyte of it (1,000 bytes of UTF-8)."""

    what: str
    text: str
    microseconds: Spread


@dataclass(frozen=True, slots=True)
class Capped:
    """A text full of candidates, with a cap on the calls of costly validators and the gateway's own
    on what is looked at and decoded; 0 stands for no cap on anything. `refused` counts the checks
    that were not made, which are told as skipped."""

    text: str
    kilobytes: float
    cap: int
    milliseconds: float
    findings: int
    refused: int


def texts(*, few: bool) -> Mapping[str, str]:
    """What is measured, by name."""
    found = {
        ENGLISH: prose.english(8 * KILOBYTE),
        FOREIGN: prose.foreign(8 * KILOBYTE),
        DENSE: prose.dense(8 * KILOBYTE),
        CODE: prose.manual(8 * KILOBYTE),
    }
    if few:
        return found
    more = {
        "English, 1 kB": prose.english(KILOBYTE),
        "English, 64 kB": prose.english(64 * KILOBYTE),
    }
    return {**found, **more}


def costs(  # noqa: PLR0913  each is an option of the command line
    everything: PatternSet,
    each: Mapping[str, Subject],
    progress: Progress,
    *,
    rounds: int,
    seconds: float,
    few: bool = False,
) -> list[Cost]:
    """All detectors together and each by itself, the normaliser and the scorer. Rounds take turns,
    so that what slows the machine for a while slows all of them."""
    operations: dict[str, Callable[[str], object]] = {
        TOGETHER: lambda text: everything.find(text, Part.USER, None, Budget()),
        _ARGUMENTS: lambda text: everything.find(text, Part.TOOL_ARGUMENTS, None, Budget()),
        NORMAL: normalised,
        SCORER: _scored,
        **{name: _search(one) for name, one in each.items() if one.engine is not None},
    }
    chosen = texts(few=few)
    for operation in operations.values():
        operation(chosen[ENGLISH])  # weights are loaded, scratch is made
    bests: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for what, operation in operations.items():
            progress(f"cost, round {number + 1}/{rounds}: {what}")
            for name, text in chosen.items():
                best = best_of(lambda: operation(text), seconds, 1)  # noqa: B023  called at once
                size = len(text.encode()) / KILOBYTE
                bests.setdefault((what, name), []).append(best / size)
    return [Cost(what, name, Spread.of(found)) for (what, name), found in bests.items()]


def _search(one: Subject) -> Callable[[str], object]:
    engine = one.engine
    if engine is None:
        raise ValueError(f"{one.name} has no patterns")
    return lambda text: engine.find(text, Part.USER, None, Budget())


def _scored(text: str) -> int:
    """As the gateway scores: normal form, windows that overlap."""
    model, windows = shipped(), Windows()
    return sum(model.margin(one.text) for one in (*windows.feed(text), *windows.finish()))


def capped(everything: PatternSet, *, few: bool = False) -> list[Capped]:
    """What the cap on validators is worth, on texts that are made of candidates."""
    size = 32 * KILOBYTE if few else 256 * KILOBYTE
    found: list[Capped] = []
    for name, text in (
        ("full of personal data", prose.dense(size)),
        ("telephone numbers only", prose.numbers(size)),
    ):
        for cap in (_NO_CAP, CALLS, CALLS // 10):
            budget = Budget(_NO_CAP, _NO_CAP, _NO_CAP) if cap == _NO_CAP else Budget(cap)
            spent, matches = once(lambda: everything.find(text, Part.USER, None, budget))  # noqa: B023  called at once
            told = 0 if cap == _NO_CAP else cap
            refused = len(budget.refused)
            found.append(Capped(name, size / KILOBYTE, told, spent / 1_000, len(matches), refused))
    return found


def once(operation: Callable[[], ResultT]) -> tuple[float, ResultT]:
    """CPU time of one call in microseconds, and what it returned."""
    began = time.process_time_ns()
    result = operation()
    return (time.process_time_ns() - began) / 1_000, result
