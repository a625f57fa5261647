from tests.picker.plugins.case import candidate, load, scores


def test_the_fewest_running_requests_score_one_and_the_most_zero() -> None:
    servers = [candidate(f"e{n}", load=load(waiting=9 - n, running=n)) for n in (1, 4, 5)]
    assert scores("running-requests-size-scorer", servers) == [1.0, 0.25, 0.0]


def test_where_nothing_is_known_all_score_alike() -> None:
    assert scores("running-requests-size-scorer", [candidate("a"), candidate("b")]) == [0.5, 0.5]
