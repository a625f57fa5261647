"""Numbers of passports and driving licences."""

import pytest

from gateway.guardrails.pii.documents import KINDS, has_digits
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("passport", "passport no. «533380006»"),
        ("passport", '{"passport_number": "«C01X00T47»"}'),
        ("passport", "my Reisepass is «AB1234567»"),
        ("driving_licence", "driver's license «A1234567»"),
        ("driving_licence", "driving licence: «MORGA657054SM9IJ»"),
        ("driving_licence", "driver_license=«S123-456-78-901-0»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "533380006",
        "passport renewal is pending",
        "driving licence expired",
        "part AB1234567",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_words_have_no_digits() -> None:
    assert has_digits("AB12345")
    assert not has_digits("ABCDEFG")
