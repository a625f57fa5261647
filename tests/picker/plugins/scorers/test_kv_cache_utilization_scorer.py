import pytest

from tests.picker.plugins.case import candidate, load, scores


def test_the_score_is_what_is_free_of_the_cache() -> None:
    servers = [candidate(f"e{use}", load=load(kv_usage=use)) for use in (0.0, 0.3, 1.0)]
    assert scores("kv-cache-utilization-scorer", servers) == pytest.approx([1.0, 0.7, 0.0])


def test_an_unknown_use_counts_as_average() -> None:
    servers = [
        candidate("a", load=load(kv_usage=0.2)),
        candidate("b", load=load(waiting=1)),
        candidate("c", load=load(kv_usage=0.4)),
    ]
    assert scores("kv-cache-utilization-scorer", servers) == pytest.approx([0.8, 0.7, 0.6])
