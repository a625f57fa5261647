"""National numbers of the European Union."""

import pytest

from gateway.guardrails.pii.europe import KINDS
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("germany_tax_id", "Steuer-ID «36574261809»"),
        ("germany_tax_id", "IdNr. «36 574 261 809»"),
        ("france_nir", "«2 95 10 99 126 111 93»"),
        ("france_nir", "nir: «295109912611193»"),
        ("spain_nif", "DNI «12345678Z»"),
        ("spain_nif", "«54.362.315-K»"),
        ("spain_nie", "NIE: «X1234567L»"),
        ("italy_fiscal_code", "«RSSMRA85T10A562S»"),
        ("netherlands_bsn", "BSN «111222333»"),
        ("netherlands_bsn", "burgerservicenummer: «1112.22.333»"),
        ("poland_pesel", "PESEL: «44051401359»"),
        ("sweden_personnummer", "personnummer «811228-9874»"),
        ("sweden_personnummer", "pnr=«198112289874»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "Steuer-ID 36574261890",
        "36574261809",
        "295109912611199",
        "12345678A",
        "RSSMRA85T10A562T",
        "BSN 111252334",
        "111222333",
        "PESEL: 44051401358",
        "811228-9874",
        "personnummer 811228-9873",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []
