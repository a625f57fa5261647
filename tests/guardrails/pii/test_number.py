"""Numbers with check digits."""

import pytest

from gateway.guardrails.pattern import Candidate
from gateway.guardrails.pii.number import FORM, TOLD, always, compact, is_embedded, number
from gateway.model.passage import Part
from tests.guardrails.finding import scorer

alone = scorer(
    number("n", "", r"\d{3}-?\d{3}", lambda digits: digits[-1] == "7", ("word",),
           alone=always(FORM)).patterns
)  # fmt: skip
told = scorer(number("n", "", r"\d{6}", lambda _: True, ("word",)).patterns)


def test_a_word_near_it_lifts_the_score() -> None:
    assert alone("123-457") == [("n", "123-457", FORM)]
    assert alone("the word 123-457") == [("n", "123-457", TOLD)]


def test_without_a_score_of_its_own_a_number_needs_a_word() -> None:
    assert told("123456") == []
    assert told("123456 is the word") == [("n", "123456", TOLD)]


def test_a_wrong_check_digit_is_no_finding_even_with_the_word() -> None:
    assert alone("the word 123-456") == []


@pytest.mark.parametrize("text", ["0.123457", "1-123457", "123457-8", "a123457", "123457.5"])
def test_a_part_of_a_longer_number_is_no_finding(text: str) -> None:
    assert alone(text) == []


@pytest.mark.parametrize(
    "text", ["id_123457_x", "(123457)", "x\\n123457\\n", "[123457,1]", "#123457."]
)
def test_punctuation_around_a_number_does_not_hide_it(text: str) -> None:
    assert [words for _, words, _ in alone(text)] == ["123457"]


def test_groups_of_an_iban_are_part_of_it() -> None:
    assert is_embedded(Candidate("6631 1345", "ES70 ", "", Part.USER))
    assert not is_embedded(Candidate("6631 1345", "is ", "", Part.USER))


def test_separators_are_left_out() -> None:
    assert compact("12.345 678/0-1") == "1234567801"
