from collections import Counter

from tests.picker.plugins.case import picker

NAMES = ["a", "b", "c"]


def test_a_candidate_is_first_as_often_as_its_share_of_the_scores() -> None:
    dice = picker("weighted-random-picker", seed=1)
    picks = Counter(dice.order([1.0, 2.0, 5.0], NAMES)[0] for _ in range(8000))
    assert 900 <= picks[0] <= 1100
    assert 1870 <= picks[1] <= 2130
    assert 4870 <= picks[2] <= 5130


def test_a_score_of_zero_comes_last() -> None:
    dice = picker("weighted-random-picker")
    assert {dice.order([0.0, 1e-9, 0.5], NAMES)[-1] for _ in range(500)} == {0}


def test_tiny_scores_keep_their_shares() -> None:
    dice = picker("weighted-random-picker", seed=2)
    picks = Counter(dice.order([1e-6, 3e-6, 0.0], NAMES)[0] for _ in range(4000))
    assert 900 <= picks[0] <= 1100


def test_if_all_score_zero_any_is_as_likely() -> None:
    dice = picker("weighted-random-picker", seed=4)
    picks = Counter(dice.order([0.0, 0.0, 0.0], NAMES)[0] for _ in range(3000))
    assert all(900 <= picks[i] <= 1100 for i in range(3))


def test_only_so_many_are_named() -> None:
    dice = picker("weighted-random-picker", max_num_of_endpoints=2)
    assert len(dice.order([1.0, 1.0, 1.0], NAMES)) == 2
