"""By when the first token is due."""

import math

import pytest

from gateway.model.demand import Demand
from gateway.picker.flow.entry import Entry, FlowKey
from gateway.picker.flow.ordering.slo_deadline import ORDERING


def key(target: float | None) -> float:
    return ORDERING.key(Entry(1, FlowKey("a", 0), Demand("m", ttft_slo=target), 0, 7.0, 9.0))


def test_the_key_is_when_the_first_token_is_due() -> None:
    assert ORDERING.name == "slo-deadline"
    assert key(0.5) == 7.5


@pytest.mark.parametrize("target", [None, 0.0, -1.0, math.nan, math.inf])
def test_a_request_without_a_proper_target_goes_last(target: float | None) -> None:
    assert key(target) == math.inf
