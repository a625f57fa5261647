import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guardrails.byte_regex import byte_regex, is_ascii_only, relaxed


def test_spans_are_bytes_of_utf8() -> None:
    found = byte_regex("b.").search("ébé".encode(), 0, 5)
    assert found is not None
    assert found.span() == (2, 5)


def test_the_rest_of_the_text_counts_for_boundaries() -> None:
    regex = byte_regex(r"\bab\b")
    assert regex.search(b"xab", 1, 3) is None
    assert regex.search(b"abx", 0, 2) is None
    assert regex.search(b"ab ", 0, 2) is not None


@pytest.mark.parametrize("regex", ["(", "a{2000}", "(?<=a)b", "\ud800"])
def test_what_is_no_expression_is_a_value_error(regex: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        byte_regex(regex)


@pytest.mark.parametrize("regex", [r"a[b-c.]\.\s\d{2}", r"[\]x]\w", r"(?:a|b){1,3}\b"])
def test_an_expression_of_ascii_is_known(regex: str) -> None:
    assert is_ascii_only(regex)


@pytest.mark.parametrize("regex", ["a.", "[^a]", r"\S", "é", r"\x{e9}", r"[[:^alpha:]]", r"\pL"])
def test_an_expression_that_may_match_more_is_known(regex: str) -> None:
    assert not is_ascii_only(regex)


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("a{3}b{33}c{4,400}", "a{3}b{32,}c{4,}"),
        (r"[x{50}]\p{L}{40}\x{41}{33,}", r"[x{50}]\p{L}{32,}\x{41}{32,}"),
        (r"[\]{99}]{77}[[:alpha:]{99}]{5,}", r"[\]{99}]{32,}[[:alpha:]{99}]{5,}"),
        (r"\{100}(?:a{5}){0,50}?", r"\{100}(?:a{5}){0,}?"),
        (r"\Qa{100}\E", r"\Qa{100}\E"),
    ],
)
def test_long_repeats_are_not_counted(regex: str, expected: str) -> None:
    assert relaxed(regex, 32) == expected


@given(
    text=st.text("abc", max_size=60),
    regex=st.sampled_from(["a{5,9}b", "(?:ab{0,7}){6}", "[^a]{12,}c", "c{7}a{0,3}"]),
)
def test_what_matches_also_matches_relaxed(text: str, regex: str) -> None:
    if byte_regex(regex).search(text.encode(), 0, len(text)) is not None:
        wider = byte_regex(relaxed(regex, 4))
        assert wider.search(text.encode(), 0, len(text)) is not None
