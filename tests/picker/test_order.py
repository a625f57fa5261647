from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.order import cheapest, rounded

COSTS = st.lists(
    st.one_of(st.floats(0, 10), st.sampled_from((1.0, 1.00004, 1.00005, 1.00006, 2.0))), min_size=1
)


def sorted_whole(costs: Sequence[float], turn: int) -> list[int]:
    """All of them, from `turn` on, sorted."""
    places = [(turn + number) % len(costs) for number in range(len(costs))]
    return sorted(places, key=lambda place: round(costs[place], 4))


@given(COSTS, st.integers(0, 1000), st.integers(1, 20))
def test_the_best_are_those_of_the_whole_order(costs: list[float], turn: int, most: int) -> None:
    best = cheapest(costs, turn, most)

    assert len(best) >= min(most, len(costs))
    assert best == sorted_whole(costs, turn)[: len(best)]


def test_equal_costs_take_turns() -> None:
    assert [cheapest([0.5] * 3, turn, 1)[0] for turn in range(5)] == [0, 1, 2, 0, 1]
    assert cheapest([0.5, 0.50001, 0.1, 0.5], 1, 3) == [2, 1, 3, 0]


def test_costs_are_rounded_to_a_tenth_of_a_millisecond() -> None:
    assert rounded(0.123449) == 0.1234
