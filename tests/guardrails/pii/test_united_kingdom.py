"""National insurance and NHS numbers."""

import pytest

from gateway.guardrails.pii.united_kingdom import KINDS, is_nino
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("uk_nino", "«AB123456C»"),
        ("uk_nino", "NI number «JG 10 37 59 A»."),
        ("uk_nhs", "NHS number: «943 476 5919»"),
        ("uk_nhs", "nhs=«9434765919»"),
        ("uk_nhs", '"nhsNumber": "«943-476-5919»"'),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "GB123456C",
        "AB123456E",
        "DA123456C",
        "NHS number: 943 476 5918",
        "943 476 5919",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_a_prefix_that_is_not_given_out_is_none() -> None:
    assert is_nino("AB123456C")
    assert not is_nino("ZZ123456C")
