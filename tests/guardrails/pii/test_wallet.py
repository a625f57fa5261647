"""Addresses of crypto currencies."""

import pytest

from gateway.guardrails.pii.wallet import KINDS, is_base58_address, is_bech32_address
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("crypto_wallet", "«1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»"),
        ("crypto_wallet", "«3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy»"),
        ("crypto_wallet", "«bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4»"),
        ("crypto_wallet", "«0x52908400098527886E0F7030069857D2E4169EE7»"),
        ("crypto_wallet", r"to:\n«1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»\n"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "0x0000000000000000000000000000000000000000",
        "0x52908400098527886E0F7030069857D2E4169EE7AA",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []


def test_the_checks_agree_with_the_examples_of_the_standards() -> None:
    assert is_base58_address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert is_bech32_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert not is_bech32_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj1")
