"""E-mail addresses."""

import pytest

from gateway.guardrails.pii.email import KINDS
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("email_address", "write to «anna.o'neil+news@mail.example.co.uk»."),
        ("email_address", "<«kim@example.com»>"),
        ("email_address", "mailto:«KIM_99@EXAMPLE.ORG»?subject=x"),
        ("email_address", '"to":["«a@b.io»"]'),
        ("email_address", "from\\n«kim@example.com»\\n"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "icon@2x.png",
        "getty@tty1.service",
        "git@github.com:acme/app.git",
        "https://kim:secret@host.example.com/x",
        "kim@localhost",
        "@decorator.route",
        "a @ b.com",
        "kim@@example.com",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []
