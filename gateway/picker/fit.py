"""Least squares for a few positive coefficients, one observation at a time. Pure."""

from collections.abc import Sequence
from typing import Final

_MEMORY: Final = 0.998
"""What an observation is worth after the next: some 500 count."""

_LARGEST: Final = 0.5
"""Relative errors above this count no more than this (Huber): an outlier cannot turn the fit."""


_LEAST: Final = 1e-12
"""A pivot below this is rounding."""


class Fit:
    """y = sum of coefficient * feature, by the relative error; one to three coefficients,
    every one 0 or more.

    Learning starts at `start`, each of whose coefficients weighs as much as `weight` observations
    in which it alone explains y. After `patience` observations on end that are far above what was
    expected it begins anew, with a start that explains the last: the start was wrong, not they. 0:
    never, where something else follows such a change.
    """

    def __init__(self, start: Sequence[float], weight: float = 4.0, patience: int = 0) -> None:
        self._weight = weight
        self._patience = patience
        self._begin(start)

    def _begin(self, start: Sequence[float]) -> None:
        size, weight = len(start), self._weight
        self._start = tuple(start)
        self._above = 0
        self.values = list(start)
        self._precision = [weight / value**2 for value in start]
        self._prior = [weight / value for value in start]
        self._squares = [[0.0] * size for _ in range(size)]
        self._right = [0.0] * size

    def predict(self, features: Sequence[float]) -> float:
        """What y is expected to be."""
        return sum(value * each for value, each in zip(self.values, features, strict=True))

    def learn(self, features: Sequence[float], y: float) -> None:
        """An observation. Its square error is taken relative to what was expected."""
        expected = max(self.predict(features), 1e-9)
        error = abs(y / expected - 1)
        if self._patience:
            self._above = self._above + 1 if y > expected * (1 + _LARGEST) else 0
            if self._above > self._patience:
                begun = sum(one * each for one, each in zip(self._start, features, strict=True))
                self._begin([one * y / begun for one in self._start])
                return
        weight = (1.0 if error < _LARGEST else _LARGEST / error) / expected**2
        for one, row, right in zip(features, self._squares, range(len(features)), strict=True):
            scaled = weight * one
            row[:] = [
                known * _MEMORY + scaled * other for known, other in zip(row, features, strict=True)
            ]
            self._right[right] = self._right[right] * _MEMORY + scaled * y
        self.values = self._solve()

    def _solve(self) -> list[float]:
        """The coefficients; one that would be negative is left out, and the others fitted again."""
        used = list(range(len(self.values)))
        found: list[float] = []
        while used:
            found = solved(
                [
                    [self._squares[i][j] + (self._precision[i] if i == j else 0.0) for j in used]
                    for i in used
                ],
                [self._right[i] + self._prior[i] for i in used],
            )
            if min(found) >= 0:
                break
            del used[found.index(min(found))]
        values = [0.0] * len(self.values)
        for i, value in zip(used, found, strict=True):
            values[i] = value
        return values


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a symmetric positive definite system of at most three unknowns, with ones on
    the diagonal by scaling: the features differ by many powers of ten. Written out, because a loop
    takes many times as long and this is done for every answer."""
    scale = [row[i] ** -0.5 for i, row in enumerate(matrix)]
    if len(scale) == 1:
        return [right[0] / matrix[0][0]]
    one, two = scale[0], scale[1]
    first, second = right[0] * one, right[1] * two
    ab = matrix[0][1] * one * two
    bb = max(1.0 - ab * ab, _LEAST)
    second -= ab * first
    if len(scale) == 2:
        second /= bb
        return [(first - ab * second) * one, second * two]
    three = scale[2]
    ac = matrix[0][2] * one * three
    bc = matrix[1][2] * two * three - ab * ac
    share = bc / bb
    third = right[2] * three - ac * first - share * second
    third /= max(1.0 - ac * ac - share * bc, _LEAST)
    second = (second - bc * third) / bb
    return [(first - ab * second - ac * third) * one, second * two, third * three]
