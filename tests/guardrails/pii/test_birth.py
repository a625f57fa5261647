"""Dates of birth."""

import pytest

from gateway.guardrails.pii.birth import KINDS, is_date
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("date_of_birth", "born on «12 March 1985» in Rome"),
        ("date_of_birth", "DOB: «1985-03-12»"),
        ("date_of_birth", '"birthDate": "«12/03/1985»"'),
        ("date_of_birth", "Geburtsdatum «12.3.1985»"),
        ("date_of_birth", "«March 12, 1985» is his birthday"),
        ("date_of_birth", "D.O.B. «19850312»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "released on 12 March 1985",
        "DOB: 1985-13-45",
        "born on 31 February 1985",
        "1985-03-12",
        "dob: unknown",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_a_date_is_one_of_the_calendar_in_any_order() -> None:
    assert all(map(is_date, ("29/02/2024", "2/29/2024", "2024-02-29", "29 Feb 2024")))
    assert not any(map(is_date, ("29/02/2023", "2023-13-01", "31 June 1990")))
