"""The static ceiling is the same for all bands."""

from gateway.picker.flow.ceiling_policy import CeilingRange
from gateway.picker.flow.ceilings.static import CEILING


def test_every_band_is_served_until_the_pool_is_full() -> None:
    ceilings = CEILING.make(CeilingRange())
    assert ceilings.of([10, 0, -5], 0.3) == (1.0, 1.0, 1.0)
    assert ceilings.of([], 0.3) == ()


def test_the_highest_ceiling_of_the_range_is_that_of_all() -> None:
    assert CEILING.make(CeilingRange(most=0.7)).of([1, 0], 0.0) == (0.7, 0.7)
