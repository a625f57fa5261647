from gateway.model.demand import Demand
from tests.picker.plugins.case import candidate, scorer

A, B, C = candidate("a"), candidate("b"), candidate("c")
MINE = Demand("llama", session="mine")


def test_a_session_scores_one_where_it_was_served_and_zero_elsewhere() -> None:
    affinity = scorer("session-affinity-scorer")
    assert affinity.score(MINE, [A, B], 0.0) == [0.0, 0.0]
    affinity.placed(MINE, B, 0.0)
    assert affinity.score(MINE, [A, B], 1.0) == [0.0, 1.0]
    assert affinity.score(Demand("llama", session="other"), [A, B], 1.0) == [0.0, 0.0]
    assert affinity.score(Demand("llama"), [A, B], 1.0) == [0.0, 0.0]


def test_a_session_keeps_its_endpoint_though_a_request_went_elsewhere() -> None:
    affinity = scorer("session-affinity-scorer")
    affinity.placed(MINE, A, 0.0)
    affinity.score(MINE, [A, B], 1.0)
    affinity.placed(MINE, B, 1.0)
    assert affinity.score(MINE, [A, B], 2.0) == [1.0, 0.0]


def test_a_session_moves_once_its_endpoint_is_gone() -> None:
    affinity = scorer("session-affinity-scorer")
    affinity.placed(MINE, A, 0.0)
    assert affinity.score(MINE, [B, C], 1.0) == [0.0, 0.0]
    affinity.placed(MINE, C, 1.0)
    assert affinity.score(MINE, [A, B, C], 2.0) == [0.0, 0.0, 1.0]


def test_a_session_is_forgotten_after_its_ttl_without_use() -> None:
    affinity = scorer("session-affinity-scorer", ttl=10)
    affinity.placed(MINE, A, 0.0)
    affinity.score(MINE, [A, B], 8.0)
    affinity.placed(MINE, A, 8.0)
    assert affinity.score(MINE, [A, B], 17.0) == [1.0, 0.0]
    assert affinity.score(MINE, [A, B], 18.5) == [0.0, 0.0]
