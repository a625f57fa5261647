"""What stands for a secret."""

import pytest

from gateway.guardrails.secrets.placeholder import (
    is_filled_in,
    is_placeholder,
    is_repetitive,
    is_template,
)


@pytest.mark.parametrize("text", ["${TOKEN}", "$PASSWORD", "<your token>", "{{ key }}", "%(pw)s"])
def test_what_is_to_be_filled_in_is_a_template(text: str) -> None:
    assert is_template(text)
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["AKIA" + "IOSFODNN7EXAMPLE", "xxxxxxxxxxxx", "abcdefghijklmnopqrstuvwxyz"]
)
def test_keys_of_documentation_are_repetitive(text: str) -> None:
    assert is_repetitive(text)


@pytest.mark.parametrize("text", ["changeme", "your-api-key", "Password", "not-a-real-one-fake"])
def test_words_for_a_secret_are_placeholders(text: str) -> None:
    assert is_placeholder(text)


def test_a_password_with_a_word_in_it_is_somebodys() -> None:
    assert is_placeholder("P@ssw0rd$1")
    assert not is_filled_in("P@ssw0rd$1")


@pytest.mark.parametrize("text", ["kJ8#mQ2$vL5n", "q9Xk3LmP7wRz2VtB8nYc", "deadbeef"])
def test_what_says_nothing_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)
