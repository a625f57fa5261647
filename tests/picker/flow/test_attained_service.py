"""Service that fades, and how evenly it is spread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.flow.attained_service import AttainedService, jain_index


def test_half_is_forgotten_after_a_half_life() -> None:
    service = AttainedService(60.0)
    assert service.at(0.0) == 0.0
    service.add(800, 100.0)
    assert service.at(160.0) == pytest.approx(400)
    assert service.at(220.0) == pytest.approx(200)
    service.add(100, 160.0)
    assert service.at(160.0) == pytest.approx(500)


def test_a_correction_never_makes_it_negative() -> None:
    service = AttainedService(60.0)
    service.add(10, 0.0)
    service.add(-50, 1.0)
    assert service.at(1.0) == 0.0
    service.add(5, 1.0)
    assert service.at(1.0) == 5.0


def test_a_clock_that_goes_back_adds_nothing() -> None:
    service = AttainedService(60.0)
    service.add(10, 100.0)
    assert service.at(0.0) == 10.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_the_index_lies_between_one_over_n_and_one(shares: list[float]) -> None:
    assert 1 / len(shares) - 1e-9 <= jain_index(shares) <= 1 + 1e-9


def test_the_index_tells_even_from_uneven() -> None:
    assert jain_index([3.0, 3.0, 3.0]) == pytest.approx(1.0)
    assert jain_index([3.0, 0.0, 0.0]) == pytest.approx(1 / 3)
    assert jain_index([]) == 1.0
    assert jain_index([1e-161, 1e-161]) == pytest.approx(1.0)
