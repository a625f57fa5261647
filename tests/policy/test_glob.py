import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.glob import Glob, GlobIndex, any_matches

PATTERNS = st.text("ab*/", max_size=6)
VALUES = st.text("ab/", max_size=8)


def _oracle(pattern: str, value: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


@given(PATTERNS, VALUES)
def test_a_pattern_matches_what_the_regular_expression_of_its_definition_matches(
    pattern: str, value: str
) -> None:
    assert Glob(pattern).matches(value) == _oracle(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("get_issue", "get_issue", True),
        ("get_issue", "get_issues", False),
        ("get_issue", "GET_ISSUE", False),
        ("*", "", True),
        ("*", "a/b:c\nd", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*b*b*", "ab", False),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_only_the_asterisk_is_special(pattern: str, value: str, *, matches: bool) -> None:
    assert Glob(pattern).matches(value) is matches


def test_matching_cannot_be_made_to_backtrack() -> None:
    start = time.perf_counter()
    assert not Glob("*a" * 200 + "b").matches("a" * 100_000)
    assert time.perf_counter() - start < 5  # a backtracking matcher would not end


@given(PATTERNS, PATTERNS, VALUES)
def test_a_covering_pattern_matches_whatever_the_covered_one_does(
    outer: str, inner: str, value: str
) -> None:
    if Glob(outer).covers(Glob(inner)) and Glob(inner).matches(value):
        assert Glob(outer).matches(value)


@given(PATTERNS)
def test_a_pattern_covers_itself_and_is_covered_by_everything(pattern: str) -> None:
    assert Glob(pattern).covers(Glob(pattern))
    assert Glob("*").covers(Glob(pattern))


@given(PATTERNS, PATTERNS, VALUES)
def test_patterns_that_share_a_value_overlap(one: str, other: str, value: str) -> None:
    if Glob(one).matches(value) and Glob(other).matches(value):
        assert Glob(one).overlaps(Glob(other))
        assert Glob(other).overlaps(Glob(one))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("doc://a", "doc://*", True),
        ("doc://a", "doc://b*", False),
        ("a*", "*b", True),
        ("a*c", "ab*", True),
        ("a*b", "a*c", False),
        ("", "*", True),
        ("", "a", False),
        ("*a*", "*b*", True),
    ],
)
def test_patterns_without_a_common_value_do_not_overlap(
    one: str, other: str, *, overlap: bool
) -> None:
    assert Glob(one).overlaps(Glob(other)) is overlap


@given(st.lists(PATTERNS, max_size=8), VALUES)
def test_the_index_finds_the_patterns_that_match(patterns: list[str], value: str) -> None:
    globs = [Glob(pattern) for pattern in patterns]
    index = GlobIndex(((glob, 1 << bit) for bit, glob in enumerate(globs)), rest=1 << 20)
    wanted = sum(1 << bit for bit, glob in enumerate(globs) if glob.matches(value))
    assert index.lookup(value) == wanted | 1 << 20
    assert any_matches(globs, value) == bool(wanted)


def test_what_covers_several_patterns_covers_each() -> None:
    index = GlobIndex([(Glob("a*"), 1), (Glob("*"), 2), (Glob("b"), 4)], rest=8)
    assert index.covering([Glob("a1"), Glob("a2*")]) == 1 | 2 | 8
    assert index.covering([Glob("a1"), Glob("b")]) == 2 | 8
    assert index.covering(None) == 8
