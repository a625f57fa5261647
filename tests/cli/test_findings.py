import pytest

from gateway.cli.findings import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "rule", "1 rule"), (0, "rule", "0 rules"), (2, "policy", "2 policies")],
)
def test_things_are_counted_as_people_do(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text
