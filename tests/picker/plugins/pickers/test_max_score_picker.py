from collections import Counter

from tests.picker.plugins.case import picker

NAMES = ["a", "b", "c", "d"]


def test_the_best_score_is_first_and_the_rest_are_fallbacks_in_order() -> None:
    assert picker("max-score-picker").order([0.1, 3.0, 0.5, 2.0], NAMES) == [1, 3, 2, 0]


def test_equal_scores_take_even_turns_and_worse_ones_none() -> None:
    """Rotating before sorting would give the tie after the worst candidate twice as often."""
    best = picker("max-score-picker")
    picks = Counter(best.order([1.0, 0.0, 1.0, 1.0], NAMES)[0] for _ in range(9))
    assert picks == {0: 3, 2: 3, 3: 3}


def test_turns_do_not_depend_on_the_order_in_which_candidates_come() -> None:
    best = picker("max-score-picker")
    first = best.order([1.0, 1.0], ["a", "b"])[0]
    second = best.order([1.0, 1.0], ["b", "a"])[0]
    assert (["a", "b"][first], ["b", "a"][second]) == ("a", "b")


def test_fallbacks_can_be_cut_off() -> None:
    assert picker("max-score-picker", max_num_of_endpoints=2).order([1, 3, 2, 0], NAMES) == [1, 2]
