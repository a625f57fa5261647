"""Soft-reflective ceilings: lower bands give way, and are not starved before the pool is full."""

import pytest

from gateway.picker.flow.ceiling_policy import CeilingRange
from gateway.picker.flow.ceilings.soft_reflective import CEILING

BANDS = [2, 1, 0]


def test_ceilings_mirror_the_saturation_and_the_highest_band_keeps_all() -> None:
    assert CEILING.make(CeilingRange()).of(BANDS, 0.4) == pytest.approx((1.0, 0.8, 0.6))


def test_a_band_at_its_ceiling_is_served_in_some_decisions() -> None:
    ceilings = CEILING.make(CeilingRange())
    served = [ceilings.of(BANDS, 0.8)[2] > 0.8 for _ in range(12)]
    assert served == [False, False, False, True] * 3  # round(0.8 / 0.2) = 4


def test_all_bands_at_their_ceilings_are_served_in_the_same_decision() -> None:
    ceilings = CEILING.make(CeilingRange())
    for _ in range(20):
        _, middle, lowest = ceilings.of(BANDS, 0.9)
        assert (middle > 0.9) == (lowest > 0.9)


def test_of_a_full_pool_no_lower_band_is_served() -> None:
    ceilings = CEILING.make(CeilingRange())
    for saturation in (1.0, 1.7):
        assert ceilings.of(BANDS, saturation) == (1.0, 0.0, 0.0)


def test_the_only_band_is_served_until_the_pool_is_full() -> None:
    ceilings = CEILING.make(CeilingRange())
    assert ceilings.of([0], 0.99) == (1.0,)
    assert ceilings.of([], 0.99) == ()
