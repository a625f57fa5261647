from random import Random

from gateway.picker.cost import CostProfile
from gateway.picker.shared.hearing import Hearing
from gateway.picker.split import SplitProfile


def test_profiles_that_count_arrivals_want_to_hear_of_others() -> None:
    assert isinstance(CostProfile(), Hearing)
    assert isinstance(SplitProfile("both", [(CostProfile(), 1.0)], Random(1)), Hearing)
