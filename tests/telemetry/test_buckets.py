from collections.abc import Sequence

import pytest

from gateway.config.schema import Limits
from gateway.telemetry import buckets

BOUNDS = {name: bounds for name, bounds in vars(buckets).items() if name.isupper()}


@pytest.mark.parametrize("bounds", BOUNDS.values(), ids=BOUNDS)
def test_bounds_rise(bounds: Sequence[float]) -> None:
    assert list(bounds) == sorted(set(bounds))


def test_a_judgement_that_takes_too_long_is_in_the_last_bucket() -> None:
    assert buckets.JUDGEMENT[-1] == Limits().decision_seconds


def test_those_of_the_conventions_are_exactly_theirs() -> None:
    generation = (
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    )  # fmt: skip
    first = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    tokens = (
        1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    )  # fmt: skip
    assert generation == buckets.GENERATION
    assert first == buckets.FIRST_TOKEN
    assert tokens == buckets.TOKENS
    assert buckets.OPERATION == (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
