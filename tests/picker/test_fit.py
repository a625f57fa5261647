from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.fit import Fit, solved


def test_coefficients_are_found_through_noise_and_outliers() -> None:
    random, fit = Random(1), Fit((0.1, 0.001))
    for number in range(800):
        size = random.uniform(0, 10_000)
        y = (0.02 + size / 20_000) * random.uniform(0.8, 1.2)
        fit.learn((1.0, size), y * (50 if number % 40 == 0 else 1))

    assert fit.predict((1.0, 8000.0)) == pytest.approx(0.42, rel=0.2)


def test_no_coefficient_is_ever_negative() -> None:
    fit = Fit((1.0, 1.0))
    for size in range(1, 50):
        fit.learn((1.0, float(size)), 10 / size)

    assert min(fit.values) >= 0


def test_one_observation_does_not_turn_what_is_believed() -> None:
    fit = Fit((1.0,))
    fit.learn((1.0,), 1000.0)

    assert fit.values[0] < 2


@pytest.mark.parametrize("slower", [0.01, 0.1, 3.0, 10.0, 100.0, 1000.0])
def test_a_patient_fit_recovers_from_a_start_that_was_wrong(slower: float) -> None:
    random, fit = Random(2), Fit((0.02, 2e-6), weight=1.0, patience=6)
    for _ in range(30):
        size = random.uniform(1000, 20_000)
        fit.learn((1.0, size), (0.02 + size * 2e-6) * slower * random.uniform(0.8, 1.2))

    assert fit.predict((1.0, 8000.0)) == pytest.approx(0.036 * slower, rel=0.2)


def test_outliers_do_not_turn_a_patient_fit_as_long_as_they_are_not_all() -> None:
    random, fit = Random(3), Fit((0.02, 2e-6), weight=1.0, patience=6)
    for number in range(400):
        size = random.uniform(1000, 20_000)
        outlier = 50 if number % 8 in {1, 2} else 1
        fit.learn((1.0, size), (0.02 + size * 2e-6) * outlier * random.uniform(0.8, 1.2))

    assert fit.predict((1.0, 8000.0)) < 0.036 * 2


@given(
    st.integers(1, 3).flatmap(
        lambda size: st.lists(
            st.lists(st.floats(-5, 5), min_size=size, max_size=size), min_size=5, max_size=5
        )
    ),
    st.lists(st.floats(-100, 100), min_size=3, max_size=3),
)
def test_the_equations_are_solved(rows: list[list[float]], right: list[float]) -> None:
    size = len(rows[0])
    matrix = [
        [sum(row[i] * row[j] for row in rows) + (i == j) for j in range(size)] for i in range(size)
    ]
    found = solved(matrix, right[:size])

    for line, want in zip(matrix, right, strict=False):
        assert sum(a * b for a, b in zip(line, found, strict=True)) == pytest.approx(want, abs=1e-6)
