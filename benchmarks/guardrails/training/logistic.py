"""Logistic regression on sparse rows with an L2 penalty, by L-BFGS. Deterministic.

J. Nocedal, "Updating quasi-Newton matrices with limited storage", Math. Comp. 35 (1980).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

_MEMORY: Final = 8
_TOLERANCE: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Rows:
    """Sparse rows: of entry i, `columns[i]` is the feature, `rows[i]` the row, `values[i]` the
    value; there are `count` rows and `width` features."""

    rows: Ints
    columns: Ints
    values: Floats
    count: int
    width: int

    def times(self, weights: Floats) -> Floats:
        """The sum of values times weights of each row."""
        products = self.values * weights[self.columns]
        return np.bincount(self.rows, products, self.count).astype(np.float64)

    def gathered(self, of_rows: Floats) -> Floats:
        """The sum of values times what each row has, of each feature."""
        products = self.values * of_rows[self.rows]
        return np.bincount(self.columns, products, self.width).astype(np.float64)


def sigmoid(margins: Floats) -> Floats:
    """1 / (1 + exp(-margins)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * margins))


def fit(rows: Rows, labels: Floats, importance: Floats, penalty: float, most: int) -> Floats:
    """The weights of the features, then the bias, which has no penalty. `labels` are 0 or 1,
    `importance` weighs rows and sums to 1; `penalty` multiplies half the squared weights.
    It takes `most` steps or, where they no longer gain, fewer."""
    signs = 2.0 * labels - 1.0

    def loss(point: Floats) -> tuple[float, Floats]:
        margins = signs * (rows.times(point[:-1]) + point[-1])
        value = float(importance @ np.logaddexp(0.0, -margins))
        slope = -importance * signs * sigmoid(-margins)
        gradient = np.append(rows.gathered(slope) + penalty * point[:-1], slope.sum())
        return value + 0.5 * penalty * float(point[:-1] @ point[:-1]), gradient

    point = np.zeros(rows.width + 1)
    value, gradient = loss(point)
    steps: list[tuple[Floats, Floats]] = []
    for _ in range(most):
        direction = -_inverse_times(steps, gradient)
        slope, length = float(gradient @ direction), 1.0
        while True:
            at = point + length * direction
            new_value, new_gradient = loss(at)
            if new_value <= value + 1e-4 * length * slope or length < 1e-10:
                break
            length /= 2
        steps = [*steps, (at - point, new_gradient - gradient)][-_MEMORY:]
        done = value - new_value < _TOLERANCE * max(new_value, 1e-9) * 0.1
        point, value, gradient = at, new_value, new_gradient
        if done:
            break
    return point


def _inverse_times(steps: Sequence[tuple[Floats, Floats]], gradient: Floats) -> Floats:
    """The two-loop recursion: the approximate inverse Hessian times the gradient."""
    result, factors = gradient.copy(), list[float]()
    for moved, turned in reversed(steps):
        factor = float(moved @ result) / float(moved @ turned)
        factors.append(factor)
        result -= factor * turned
    if steps:
        moved, turned = steps[-1]
        result *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), factor in zip(steps, reversed(factors), strict=True):
        result += (factor - float(turned @ result) / float(moved @ turned)) * moved
    return result
