"""Payment card numbers."""

import pytest

from gateway.guardrails.pii.card import KINDS, is_card, luhn
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("credit_card", "charge «4111 1111 1111 1111» please"),
        ("credit_card", "charge «4012-8888-8888-1881» 123"),
        ("credit_card", "pan=«378282246310005»"),
        ("credit_card", "«3782 822463 10005»"),
        ("credit_card", '"cc": "«5555555555554444»"'),
        ("credit_card", "«3056 930902 5904» (Diners)"),
        ("credit_card", "«6011.1111.1111.1117»"),
        ("credit_card", "\\n«4242424242424242»\\n"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "4111-1111 1111-11",
        "0.4111111111111111",
        "1234567890123452",
        "4111111111111111.5",
        "order 30569309025904",
        "x4111111111111111",
        "9999 9999 9999 9995",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_luhn_is_right_for_the_example_of_the_standard() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398710")


def test_an_issuer_has_numbers_of_its_own_lengths() -> None:
    assert is_card("378282246310005")
    assert not is_card("37828224631000")
