from tests.picker.plugins.case import DEMAND, candidate, scorer

A, B, C = candidate("a"), candidate("b"), candidate("c")


def test_never_used_endpoints_come_first_then_those_used_longest_ago() -> None:
    spread = scorer("no-hit-lru-scorer")
    assert spread.score(DEMAND, [A, B, C], 0.0) == [1.0, 0.5, 0.0]
    spread.placed(DEMAND, A, 0.0)
    assert spread.score(DEMAND, [A, B, C], 1.0) == [0.0, 1.0, 0.5]
    spread.placed(DEMAND, B, 1.0)
    assert spread.score(DEMAND, [A, B, C], 2.0) == [0.5, 0.0, 1.0]


def test_a_match_anywhere_makes_all_neutral_and_the_placement_does_not_count() -> None:
    spread = scorer("no-hit-lru-scorer")
    warm = candidate("b", cached=64)
    assert spread.score(DEMAND, [A, warm], 0.0) == [0.5, 0.5]
    spread.placed(DEMAND, A, 0.0)
    assert spread.score(DEMAND, [A, B], 1.0) == [1.0, 0.0]


def test_a_single_endpoint_scores_one() -> None:
    assert scorer("no-hit-lru-scorer").score(DEMAND, [A], 0.0) == [1.0]


def test_only_so_many_endpoints_are_remembered() -> None:
    spread = scorer("no-hit-lru-scorer", lru_size=1)
    for one in (A, B):
        spread.score(DEMAND, [A, B], 0.0)
        spread.placed(DEMAND, one, 0.0)
    assert spread.score(DEMAND, [B, A], 1.0) == [0.0, 1.0], "a is forgotten, so never used"


def test_ranks_are_among_the_candidates() -> None:
    spread = scorer("no-hit-lru-scorer")
    for one in (A, B, C):
        spread.score(DEMAND, [A, B, C], 0.0)
        spread.placed(DEMAND, one, 0.0)
    assert spread.score(DEMAND, [B, C], 1.0) == [1.0, 0.0]
