"""Scores of what is not known. Pure: no I/O, no clock."""

from collections.abc import Sequence
from typing import Final

NOBODY_KNOWN: Final = 0.5


def filled(scores: Sequence[float | None]) -> list[float]:
    """`scores` with the average of the known ones in place of the unknown, 0.5 if none is known.

    So a server that has not told yet is neither avoided nor flooded. llm-d takes its missing
    numbers for 0, which draws requests to a server whose metrics are broken.
    """
    known = [score for score in scores if score is not None]
    average = sum(known) / len(known) if known else NOBODY_KNOWN
    return [average if score is None else score for score in scores]


def least_best(amounts: Sequence[float | None]) -> list[float]:
    """(max - amount) / (max - min) of each, 1.0 if all are equal; unknown ones as in `filled`."""
    known = [amount for amount in amounts if amount is not None]
    most, least = max(known, default=0.0), min(known, default=0.0)
    span = most - least
    return filled([None if a is None else (most - a) / span if span > 0 else 1.0 for a in amounts])
