"""Telephone numbers."""

import pytest

from gateway.guardrails.budget import Budget
from gateway.guardrails.patterns import PatternSet
from gateway.guardrails.pii.phone import REGIONS, is_international, is_national, phone
from gateway.model.passage import Part
from tests.guardrails.finding import scorer

KIND = phone(REGIONS, named=False)
find = scorer(KIND.patterns)
german = scorer(phone(("DE",), named=True).patterns)


@pytest.mark.parametrize(
    "words",
    [
        "+1 415 555 2671",
        "+1 (415) 555-2671",
        "+14155552671",
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "+49-30-901820",
        "0033 1 42 68 53 00",
    ],
)
def test_an_international_form_needs_no_word(words: str) -> None:
    found = {one for _, one, score in find(f"it is {words}.") if score >= 0.7}
    assert words in found


def test_a_line_that_json_ends_is_no_letter_before_a_number() -> None:
    assert "+1 415 555 2671" in {one for _, one, _ in find(r'"us\n+1 415 555 2671\n"')}


@pytest.mark.parametrize(
    "text",
    [
        "phone: «020 7946 0958»",
        "Tel. «030/901820»",
        '"mobile": "«0151 23456789»"',
        "call me at «415-555-2671»",
        "name,phone\n17,«01 42 68 53 00»",
    ],
)
def test_a_national_form_is_found_after_a_word(text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert words in {one for _, one, _ in find(text.replace("«", "").replace("»", ""))}


@pytest.mark.parametrize(
    "text",
    [
        "020 7946 0958",
        "order 415-555-2671",
        "+1 123 456 7890",
        "+999 12345678",
        "phone: 12345",
        "backup 20310405-123456",
        "the ratio is 0042 7 1",
    ],
)
def test_other_rows_of_digits_are_no_finding(text: str) -> None:
    assert find(text) == []


def test_a_form_that_little_else_has_counts_without_a_word() -> None:
    assert find("(415) 555-2671") == [("phone_number", "(415) 555-2671", 0.7)]
    assert find("415-555-2671") == [("phone_number", "415-555-2671", 0.4)]


def test_regions_that_are_named_count_without_a_word() -> None:
    assert german("030 901820") == [("phone_number", "030 901820", 0.5)]
    assert german("order 030 901820") == []
    assert find("030 901820") == []


def test_numbering_plans_decide() -> None:
    assert all(map(is_international, ("+442079460958", "00442079460958")))
    assert not any(map(is_international, ("+44000", "+")))
    assert is_national("020 7946 0958", ("GB",))
    assert not is_national("020 7946 0958", ("US",))
    assert not is_national("0000000000", REGIONS)


def test_every_look_at_a_plan_is_counted() -> None:
    assert all(pattern.costly for pattern in KIND.patterns)
    budget = Budget(calls=3)
    patterns = PatternSet({"pii": KIND.patterns})
    found = patterns.find("+44 20 7946 0958 " * 5, Part.USER, None, budget)
    assert len(found) <= 3
    assert budget.refused


def test_digits_after_a_number_of_fixed_length_are_not_taken_for_it() -> None:
    found = find("2031-04-05 +44 20 7946 0958 000015838 2031-04-06 +33 1 42 68 53 00 12")
    assert [words for _, words, _ in found] == ["+44 20 7946 0958", "+33 1 42 68 53 00"]
