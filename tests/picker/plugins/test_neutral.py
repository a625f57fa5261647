import pytest

from gateway.picker.plugins.neutral import filled, least_best


def test_unknown_scores_become_the_average_of_the_known() -> None:
    assert filled([1.0, None, 0.5, None]) == [1.0, 0.75, 0.5, 0.75]


def test_where_nothing_is_known_all_are_a_half() -> None:
    assert filled([None, None]) == [0.5, 0.5]
    assert filled([]) == []


def test_amounts_are_spread_between_the_least_and_the_most() -> None:
    assert least_best([3, 1, None, 2]) == pytest.approx([0.0, 1.0, 0.5, 0.5])
    assert least_best([4, 4]) == [1.0, 1.0]
    assert least_best([4, None]) == [1.0, 1.0]
