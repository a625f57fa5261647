import pytest

from gateway.guardrails.regex import compiled


def test_an_expression_is_searched_in_characters() -> None:
    found = compiled("b+").search("äabbc")
    assert found is not None
    assert (found.start(), found.end()) == (2, 4)


def test_case_counts_unless_told_otherwise() -> None:
    assert compiled("abc").fullmatch("ABC") is None
    assert compiled("abc", caseless=True).fullmatch("ABC") is not None


def test_groups_are_counted() -> None:
    assert compiled("(a)(?:b)(c)").groups == 2


def test_what_is_no_expression_is_refused_in_the_engine_s_words() -> None:
    with pytest.raises(ValueError, match=r"missing \)"):
        compiled("(a")
