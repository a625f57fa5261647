"""Texts in windows of their normal form."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.windows import STEP, WINDOW, Window, Windows


def windows(pieces: list[str]) -> list[Window]:
    cutter = Windows()
    found = [one for piece in pieces for one in cutter.feed(piece)]
    return [*found, *cutter.finish()]


def test_a_short_text_is_one_window_and_an_empty_one_is_none() -> None:
    assert windows(["abc"]) == [Window("abc", 0, 3)]
    assert windows([]) == windows(["\u200b"]) == []


def test_windows_overlap_by_half_and_the_last_ends_with_the_text() -> None:
    text = "".join(chr(97 + number % 26) for number in range(WINDOW + STEP + 10))
    assert [(one.start, one.end) for one in windows([text])] == [
        (0, WINDOW),
        (STEP, STEP + WINDOW),
        (2 * STEP, len(text)),
    ]
    assert [(one.start, one.end) for one in windows([text[:WINDOW]])] == [(0, WINDOW)]


def test_a_window_has_normal_text_and_its_place_in_the_original() -> None:
    hidden = "\u200bi\u200bg\u200bnore"
    assert windows([hidden]) == [Window("ignore", 1, len(hidden))]


@given(
    st.lists(st.sampled_from(["ab", "\u200b", "é", "\U0001f600", "x" * 400, "ﬁ"]), max_size=20),
    st.lists(st.integers(0, 9000), max_size=20),
)
def test_the_grid_does_not_depend_on_the_pieces(words: list[str], cuts: list[int]) -> None:
    text = "".join(words)
    ends = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(ends)]
    assert windows(pieces) == windows([text])
