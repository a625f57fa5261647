"""Social security and taxpayer numbers."""

import pytest

from gateway.guardrails.pii.united_states import KINDS, is_itin, is_ssn
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("us_ssn", "«536-22-1234»"),
        ("us_ssn", "his SSN is «536221234»."),
        ("us_ssn", "social security: «536 22 1234»"),
        ("us_ssn", '{"userSSN": "«536221234»"}'),
        ("us_itin", "«912-78-1234»"),
        ("us_itin", "ITIN «912781234»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "000-22-1234",
        "666-22-1234",
        "536-00-1234",
        "536-22-0000",
        "536221234",
        "536 22 1234",
        "SSN 078-05-1120",
        "9-536-22-1234",
        "912-49-1234",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_areas_that_are_never_given_are_told() -> None:
    assert is_ssn("536221234")
    assert not is_ssn("912781234")
    assert is_itin("912781234")
    assert not is_itin("912931234")
