"""National numbers of people and firms in Canada and Brazil. Pure: no I/O, no clock."""

from typing import Final

from gateway.guardrails.kind import Kind
from gateway.guardrails.pii.number import SURE, number
from gateway.guardrails.pii.standard import checked


def _punctuated(text: str) -> float | None:
    return SURE if "-" in text and "." in text else None


KINDS: Final[tuple[Kind, ...]] = (
    number(
        "canada_sin",
        "social insurance number of Canada",
        r"\d{3}[ .\-]?\d{3}[ .\-]?\d{3}",
        checked("ca.sin"),
        ("sin", "social insurance", "social_insurance", "assurance sociale", "nas"),
    ),
    number(
        "brazil_cpf",
        "taxpayer number of a person in Brazil, CPF",
        r"\d{3}\.\d{3}\.\d{3}-\d\d|\d{11}|\d{9}-\d\d",
        checked("br.cpf"),
        ("cpf", "cadastro de pessoa"),
        alone=_punctuated,
    ),
    number(
        "brazil_cnpj",
        "taxpayer number of a firm in Brazil, CNPJ",
        r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d|\d{14}|\d{8}/\d{4}-\d\d",
        checked("br.cnpj"),
        ("cnpj", "cadastro nacional"),
        alone=_punctuated,
    ),
)
