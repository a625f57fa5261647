"""Credentials inside addresses."""

import pytest

from gateway.guardrails.secrets.addressed import ADDRESSED
from tests.guardrails.finding import finder

find = finder(ADDRESSED)


@pytest.mark.parametrize(
    ("scheme", "category"),
    [
        ("https", "url_password"),
        ("ftp", "url_password"),
        ("postgres", "connection_string"),
        ("mongodb+srv", "connection_string"),
        ("redis", "connection_string"),
        ("postgresql+asyncpg", "connection_string"),
    ],
)
def test_only_the_password_of_an_address_is_the_finding(scheme: str, category: str) -> None:
    password = "Xk3Lm" + "P7w"
    assert find(f"see {scheme}://kim:{password}@db.example:99/x") == [(category, password)]


@pytest.mark.parametrize(
    "text",
    [
        "https://user:password@example.com/",
        "https://kim:${TOKEN}@example.com/",
        "http://localhost:8080/@kim",
        "https://kim@example.com/a:b",
        "redis://:<password>@cache.example",
    ],
)
def test_placeholders_and_addresses_without_password_are_no_finding(text: str) -> None:
    assert find(text) == []
