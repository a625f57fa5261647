"""What stands in place of what was found."""

from gateway.guardrails.mask import Span, masked, merged, settled


def test_every_span_is_replaced_at_its_place_in_the_original() -> None:
    text = "a KEY-abc b CODE-1234"
    spans = [Span(12, 21, "code"), Span(2, 9, "key")]
    assert masked(text, spans) == "a [KEY] b [CODE]"


def test_spans_that_overlap_are_one_of_the_category_that_begins_first() -> None:
    assert merged([Span(3, 8, "b"), Span(0, 5, "a"), Span(8, 9, "c")]) == [
        Span(0, 8, "a"),
        Span(8, 9, "c"),
    ]
    assert masked("0123456789", [Span(3, 8, "b"), Span(0, 5, "a")]) == "[A]89"


def test_of_spans_that_begin_together_the_longest_names_the_mask() -> None:
    assert merged([Span(0, 3, "short"), Span(0, 6, "long")]) == [Span(0, 6, "long")]


def test_spans_are_counted_from_where_the_piece_begins() -> None:
    assert masked("xx KEY", [Span(103, 106, "key")], offset=100) == "xx [KEY]"


def test_nothing_is_released_that_would_cut_a_span() -> None:
    spans = [Span(10, 20, "a"), Span(18, 30, "b")]
    assert settled(spans, 25) == 10
    assert settled(spans, 30) == 30
    assert settled(spans, 5) == 5
