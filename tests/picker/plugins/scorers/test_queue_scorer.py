import pytest

from tests.picker.plugins.case import candidate, load, scores


def test_the_shortest_queue_scores_one_and_the_longest_zero() -> None:
    queues = [candidate(f"e{n}", load=load(waiting=n)) for n in (2, 6, 10)]
    assert scores("queue-scorer", queues) == [1.0, 0.5, 0.0]


def test_equal_queues_all_score_one() -> None:
    queues = [candidate("a", load=load(waiting=7)), candidate("b", load=load(waiting=7))]
    assert scores("queue-scorer", queues) == [1.0, 1.0]


def test_an_unknown_queue_counts_as_average_and_neither_as_empty_nor_as_full() -> None:
    queues = [
        candidate("a", load=load(waiting=0)),
        candidate("b", load=load(waiting=4)),
        candidate("c", load=load(waiting=3)),
        candidate("stale"),
        candidate("silent", load=load(running=3)),
    ]
    average = (1.0 + 0.0 + 0.25) / 3
    assert scores("queue-scorer", queues) == pytest.approx([1.0, 0.0, 0.25, average, average])


def test_running_requests_do_not_matter() -> None:
    queues = [candidate("a", load=load(1, running=90)), candidate("b", load=load(2, running=0))]
    assert scores("queue-scorer", queues) == [1.0, 0.0]
