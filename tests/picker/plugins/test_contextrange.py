import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.picker.plugins.contextrange import ContextRange, range_of


def test_a_label_names_both_ends() -> None:
    assert range_of({"r": "0-2048"}, "r") == ContextRange(0, 2048)
    assert range_of({"r": " 10 - 20 "}, "r") == ContextRange(10, 20)
    assert range_of({}, "r") is None


@pytest.mark.parametrize("text", ["", "5", "5-", "-5", "a-b", "1-2-3", "9-1", "1.5-2", "٣-٤"])
def test_anything_else_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="not a range"):
        range_of({"r": text}, "r")


def test_more_room_above_the_prompt_scores_higher() -> None:
    within = ContextRange(0, 10_000)
    assert within.score(10_000) == pytest.approx(0.3 + 0.7 * 0.35)
    assert within.score(0) == pytest.approx(0.3 + 0.7 * 0.65)
    assert ContextRange(5, 5).score(5) == 1.0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 2 * 10**6))
def test_a_fitting_range_always_beats_one_that_does_not_fit(
    one: int, two: int, tokens: int
) -> None:
    found = ContextRange(min(one, two), max(one, two))
    score = found.score(tokens)
    assert 0.3 < score <= 1.0 if found.holds(tokens) else 0.0 < score < 0.3
