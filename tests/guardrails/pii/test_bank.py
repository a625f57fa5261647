"""IBAN, BIC and routing numbers."""

import pytest

from gateway.guardrails.pii.bank import KINDS, is_bic, is_iban, is_routing_number
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("iban", "pay to «GB29 NWBK 6016 1331 9268 19» BY FRIDAY"),
        ("iban", "«DE89370400440532013000»"),
        ("iban", "«ES91 2100 0418 4502 0005 1332» EUR"),
        ("iban", "«NO93 8601 1117 947»"),
        ("iban", "«MT84MALT011000012345MTLCAST001S»"),
        ("iban", "«FR14-2004-1010-0505-0001-3M02-606»"),
        ("swift_bic", "SWIFT: «DEUTDEFF»"),
        ("swift_bic", "bic=«NEDSZAJJXXX»"),
        ("us_bank_routing", "routing number «021000021»"),
        ("us_bank_routing", "ABA «0110-0001-5»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "GB28 NWBK 6016 1331 9268 19",
        "DE8937040044053201300",
        "XX89370400440532013000",
        "SWIFT: DEUTXXFF",
        "The word ABSOLUTE in capitals",
        "routing number 021000022",
        "number 021000021",
        "DE00 0000 0000 0000 0000 00",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_the_checks_agree_with_published_examples() -> None:
    assert is_iban("CH9300762011623852957")
    assert not is_iban("CH9300762011623852958")
    assert is_routing_number("122105155")
    assert is_bic("BNPAFRPP")
    assert not is_bic("BNPAZZPP")
