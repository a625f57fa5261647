"""How random a text looks."""

import pytest

from gateway.guardrails.secrets.entropy import entropy, is_random


def test_entropy_is_told_in_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert entropy("") == 0


@pytest.mark.parametrize(
    "text",
    [
        "8f14e45fceea167a5a36dedd4bea2543",
        "q9Xk3LmP7wRz2VtB8nYc",
        "3e8a1c9b-5d7f-2460-8135-79bdf02468ac",
    ],
)
def test_what_is_drawn_at_random_looks_random(text: str) -> None:
    assert is_random(text)


@pytest.mark.parametrize(
    "text",
    [
        "get_next_token_from_lexer",
        "org.example.auth.TokenFactory2",
        "0000000000000000000000000000000a",
        "a1a1a1a1a1a1a1a1a1a1",
        "1234567890123456789012",
        "release-2031-04-05",
    ],
)
def test_names_versions_and_repetitions_do_not(text: str) -> None:
    assert not is_random(text)
