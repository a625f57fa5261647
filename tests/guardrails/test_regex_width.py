import pytest

from gateway.guardrails.regex import compiled
from gateway.guardrails.regex_width import width


@pytest.mark.parametrize(
    ("regex", "least", "most"),
    [
        ("abc", 3, 3),
        ("a|bcd|", 0, 3),
        ("a?b", 1, 2),
        ("a*", 0, None),
        ("a+?b", 2, None),
        ("a{2}b{1,3}c{2,}", 5, None),
        ("a{2}b{1,3}", 3, 5),
        ("(?:ab|c){2,4}", 2, 8),
        ("(?P<name>ab)(?i:c)(?i)d", 4, 4),
        (r"\bfoo\b$", 3, 3),
        (r"^\A", 0, 0),
        (r"[]a-z\]]{3}", 3, 3),
        (r"[[:alpha:]_]x", 2, 2),
        (r"\x41\x{1F600}\101\pL\p{Greek}\d\.", 7, 7),
        (r"\Qa.b*\E+", 4, None),
        (r"a{,3}", 5, 5),
        (r"(a(b(c){2}){2})?", 0, 7),
        (r"(?:)*", 0, 0),
        ("ä{2}", 2, 2),
    ],
)
def test_widths_are_those_of_the_shortest_and_longest_match(
    regex: str, least: int, most: int | None
) -> None:
    assert compiled(regex).groups >= 0
    assert tuple(width(regex)) == (least, most)
