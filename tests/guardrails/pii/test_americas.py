"""National numbers of Canada and Brazil."""

import pytest

from gateway.guardrails.pii.americas import KINDS
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("canada_sin", "SIN «130 692 544»"),
        ("canada_sin", "social insurance number: «123-456-782»"),
        ("brazil_cpf", "«390.533.447-05»"),
        ("brazil_cpf", "cpf=«39053344705»"),
        ("brazil_cnpj", "«16.727.230/0001-97»"),
        ("brazil_cnpj", "CNPJ: «16727230000197»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "SIN 046 454 287",
        "a sinful 046 454 286",
        "390.533.447-06",
        "39053344705",
        "16.727.230/0001-98",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []
