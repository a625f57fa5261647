import pytest

from tests.picker.plugins.case import candidate, load, scores


def test_an_empty_queue_scores_a_half_and_falls_to_zero_at_the_threshold() -> None:
    queues = [candidate(f"e{n}", load=load(waiting=n)) for n in (0, 32, 128, 500)]
    assert scores("load-aware-scorer", queues) == [0.5, 0.375, 0.0, 0.0]


def test_the_threshold_can_be_set() -> None:
    queues = [candidate("a", load=load(waiting=1)), candidate("b")]
    assert scores("load-aware-scorer", queues, threshold=4) == pytest.approx([0.375, 0.375])
