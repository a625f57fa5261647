from collections import Counter

from tests.picker.plugins.case import picker

NAMES = ["a", "b", "c", "d"]


def test_every_candidate_is_as_likely_whatever_its_score() -> None:
    dice = picker("random-picker", seed=3)
    picks = Counter(dice.order([0, 0, 0, 100], NAMES)[0] for _ in range(4000))
    assert all(900 <= picks[i] <= 1100 for i in range(4))


def test_the_same_seed_gives_the_same_orders() -> None:
    one, two = picker("random-picker", seed=5), picker("random-picker", seed=5)
    orders = [one.order([0.0] * 4, NAMES) for _ in range(20)]
    assert orders == [two.order([0.0] * 4, NAMES) for _ in range(20)]
    assert len({tuple(order) for order in orders}) > 5


def test_every_candidate_is_named_once_unless_cut_off() -> None:
    assert sorted(picker("random-picker").order([0.0] * 4, NAMES)) == [0, 1, 2, 3]
    assert len(picker("random-picker", max_num_of_endpoints=1).order([0.0] * 4, NAMES)) == 1
