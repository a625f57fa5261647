"""Kinds of findings and their catalogue."""

import pytest

from gateway.guardrails.kind import Kind, catalogue
from gateway.guardrails.pattern import Pattern

ONE = Kind("one", "the first", (Pattern("a", "a", "one"),))
TWO = Kind("two", "the second", (Pattern("b", "b", "two"),))


def test_a_catalogue_has_the_summary_of_each_category() -> None:
    assert dict(catalogue((ONE, TWO))) == {"one": "the first", "two": "the second"}


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((ONE, Kind("one", "again", ())), "comes twice"),
        ((ONE, Kind("two", "", (Pattern("a", "b", "two"),))), "comes twice"),
        ((Kind("two", "", (Pattern("b", "b", "one"),)),), "is not of category"),
    ],
    ids=["category", "pattern", "category-of-pattern"],
)
def test_a_catalogue_that_contradicts_itself_is_refused(kinds: tuple[Kind, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        catalogue(kinds)
