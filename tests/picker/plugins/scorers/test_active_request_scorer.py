import pytest

from tests.picker.plugins.case import candidate, scores

COUNTS = [candidate(f"e{n}", requests=n) for n in (0, 1, 3, 4)]


def test_an_idle_endpoint_scores_one_and_the_busiest_zero() -> None:
    assert scores("active-request-scorer", COUNTS) == [1.0, 0.75, 0.25, 0.0]


def test_a_few_requests_can_count_as_idle_and_busy_ones_be_kept_low() -> None:
    found = scores("active-request-scorer", COUNTS, idle_threshold=1, max_busy_score=0.5)
    assert found == pytest.approx([1.0, 1.0, 0.125, 0.0])


def test_all_idle_endpoints_score_one() -> None:
    assert scores("active-request-scorer", [candidate("a"), candidate("b")]) == [1.0, 1.0]
