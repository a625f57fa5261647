"""Priority holdback leaves room for higher bands."""

import pytest

from gateway.picker.flow.ceiling_policy import CeilingRange
from gateway.picker.flow.ceilings.priority_holdback import CEILING


def test_ceilings_lie_on_a_line_by_rank() -> None:
    ceilings = CEILING.make(CeilingRange(0.5, 0.9, "rank"))
    assert ceilings.of([100, 1, -7], 0.0) == pytest.approx((0.9, 0.7, 0.5))


def test_ceilings_lie_on_a_line_by_priority() -> None:
    ceilings = CEILING.make(CeilingRange(0.5, 0.9, "value"))
    assert ceilings.of([10, 0, -10], 0.0) == pytest.approx((0.9, 0.7, 0.5))
    assert ceilings.of([30, 0, -10], 0.0) == pytest.approx((0.9, 0.6, 0.5))


@pytest.mark.parametrize("domain", ["rank", "value"])
def test_the_only_band_has_the_highest_ceiling(domain: str) -> None:
    limits = CeilingRange(0.2, 1.0, "rank" if domain == "rank" else "value")
    ceilings = CEILING.make(limits)
    assert ceilings.of([-3], 0.9) == (1.0,)
    assert ceilings.of([], 0.9) == ()


def test_it_needs_a_lowest_ceiling() -> None:
    with pytest.raises(ValueError, match="lowest ceiling"):
        CEILING.make(CeilingRange())
