"""Least squares for a few positive coefficients, one observation at a time. Pure."""

from collections.abc import Sequence
from typing import Final

_MEMORY: Final = 0.998
"""What an observation is worth after the next: some 500 count."""

_LARGEST: Final = 0.5
"""Relative errors above this count no more than this (Huber): an outlier cannot turn the fit."""


class Fit:
    """y = sum of coefficient * feature, by the relative error, every coefficient 0 or more.

    Learning starts at `start`, each of whose coefficients weighs as much as `weight` observations
    in which it alone explains y.
    """

    def __init__(self, start: Sequence[float], weight: float = 4.0) -> None:
        size = len(start)
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
        weight = (1.0 if error < _LARGEST else _LARGEST / error) / expected**2
        for i, one in enumerate(features):
            row = self._squares[i]
            for j, other in enumerate(features):
                row[j] = row[j] * _MEMORY + weight * one * other
            self._right[i] = self._right[i] * _MEMORY + weight * one * y
        self.values = self._solve()

    def _solve(self) -> list[float]:
        """The coefficients; one that would be negative is left out, and the others fitted again."""
        used = list(range(len(self.values)))
        found: list[float] = []
        while used:
            found = _solved(
                [
                    [self._squares[i][j] + (self._precision[i] if i == j else 0.0) for j in used]
                    for i in used
                ],
                [self._right[i] + self._prior[i] for i in used],
            )
            worst = min(range(len(used)), key=found.__getitem__)
            if found[worst] >= 0:
                break
            del used[worst]
        values = [0.0] * len(self.values)
        for i, value in zip(used, found, strict=True):
            values[i] = value
        return values


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """The solution of a positive definite system, by elimination in rows scaled to ones on the
    diagonal: the features differ by many powers of ten."""
    size = len(right)
    scale = [matrix[i][i] ** -0.5 for i in range(size)]
    rows = [
        [*(matrix[i][j] * scale[i] * scale[j] for j in range(size)), right[i] * scale[i]]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(rows[i][i], 1e-12)
        for k in range(i + 1, size):
            share = rows[k][i] / pivot
            for j in range(i, size + 1):
                rows[k][j] -= share * rows[i][j]
    found = [0.0] * size
    for i in reversed(range(size)):
        rest = sum(rows[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (rows[i][size] - rest) / max(rows[i][i], 1e-12)
    return [value * scale[i] for i, value in enumerate(found)]
