"""`python -m benchmarks.guardrails.training`: train the scorer of attacks, and say how good it is.

Nothing is fetched. The labelled files stay where they are; only weights are written.
"""

import argparse
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Final

from benchmarks.guardrails.training import corpus, evaluation
from benchmarks.guardrails.training.corpus import Text
from benchmarks.guardrails.training.training import trained
from gateway.guardrails.scorer.linear import Linear, dumped, loaded

_EXAMPLES: Final = """
Examples:
  python -m benchmarks.guardrails.training --data DIR --out weights.tsv
  python -m benchmarks.guardrails.training --data DIR --out without.tsv --leave-out SOURCE
  python -m benchmarks.guardrails.training --data DIR --report weights.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.guardrails.training",
        description="Train the linear scorer of prompt injection and jailbreaks.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--data", type=Path, required=True, metavar="DIR", help="labelled .jsonl")
    made.add_argument("--out", type=Path, metavar="FILE", help="where the weights go")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="of templates (default 1)")
    made.add_argument("--leave-out", metavar="SOURCE", help="a source of attacks not trained on")
    made.add_argument("--report", type=Path, metavar="FILE", help="measure these weights")
    return made


def texts(folder: Path, seed: int) -> list[Text]:
    """Everything there is to train on and to measure with."""
    return [*corpus.labelled(folder), *corpus.made(seed), *corpus.library(), *corpus.more_library()]


def main() -> int:
    """Train, or report. 2 for options that do not go together."""
    command = parser()
    given = command.parse_args()
    if (given.out is None) == (given.report is None):
        command.error("one of --out and --report, please")
    every = texts(given.data, given.seed)
    if given.report is not None:
        report(loaded(given.report.read_bytes()), every)
        return 0
    sources = {text.source for text in every if text.attack}
    if given.leave_out is not None and given.leave_out not in sources:
        command.error(f"no attacks of {given.leave_out!r}; there are {', '.join(sorted(sources))}")
    model = trained(trainable(every, given.leave_out), given.seed)
    given.out.write_bytes(dumped(model))
    if given.leave_out is not None:
        _table("trained without the source, tested on it", _RECALL)
        held = [text for text in every if text.attack and text.source == given.leave_out]
        _row(astuple(evaluation.recall(model, held, evaluation.of_files(every))))
    return 0


def trainable(every: list[Text], left_out: str | None) -> list[Text]:
    """What is trained on: not the tool descriptions, not what is left out."""
    return [
        text
        for text in every
        if text.source != corpus.TOOLS and not (text.attack and text.source == left_out)
    ]


def report(model: Linear, every: list[Text]) -> None:
    """Print the tables of CARD.md."""
    attacks = [text for text in every if text.attack]
    _table("trained on all of them (the attacks are those that were trained on)", _RECALL)
    for source in dict.fromkeys(text.source for text in attacks):
        own = [text for text in attacks if text.source == source]
        _row(astuple(evaluation.recall(model, own, evaluation.of_files(every))))
    _table("ordinary texts that were not trained on: share found", _ALARM)
    for alarm in evaluation.alarms(model, [text for text in every if not text.fits]):
        _row(astuple(alarm))
    _table("attacks: share found", _ALARM)
    for alarm in evaluation.alarms(model, attacks):
        _row(astuple(alarm))
    _table("disguised attacks: share found", _EVASION)
    for evasion in evaluation.evasions(model, attacks):
        _row(astuple(evasion))
    prose = "".join(text.text for text in every if text.source == corpus.LIBRARY[1])
    ascii_prose = "".join(char for char in prose if char.isascii())[:8_192]
    sys.stdout.write(f"\n{evaluation.microseconds(model, ascii_prose):.0f} us/kB\n")


_RECALL: Final = ("source", "texts", "AUC", "recall at MEDIUM", "at 1 % FPR", "at 5 % FPR")
_ALARM: Final = ("source", "texts", "LOW", "MEDIUM", "HIGH", "one family", "two families")
_EVASION: Final = ("disguise", "scorer, raw", "scorer", "rules, raw", "rules, in the gateway")


def _table(title: str, columns: tuple[str, ...]) -> None:
    sys.stdout.write(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n")


def _row(cells: tuple[object, ...]) -> None:
    shown = (f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells)
    sys.stdout.write(f"| {' | '.join(shown)} |\n")


if __name__ == "__main__":
    sys.exit(main())
