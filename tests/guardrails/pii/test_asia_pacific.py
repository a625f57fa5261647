"""National numbers of India and Australia."""

import pytest

from gateway.guardrails.pii.asia_pacific import KINDS, is_medicare
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("india_aadhaar", "Aadhaar: «2341 2341 2346»"),
        ("india_pan", "PAN «ACUPA7085R»"),
        ("india_pan", "«ACUPA7085R»"),
        ("australia_tfn", "TFN «123 456 782»"),
        ("australia_medicare", "Medicare «2123 45670 1»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "Aadhaar: 2341 2341 2347",
        "2341 2341 2346",
        "PAN ACUZA7085R",
        "TFN 123 456 783",
        "Medicare 2123 45671 1",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_the_ninth_digit_of_medicare_is_its_check() -> None:
    assert is_medicare("2123456701")
    assert not is_medicare("2123456711")
