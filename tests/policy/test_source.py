import pytest

from gateway.model.problem import Place
from gateway.policy.cel import CelError
from gateway.policy.source import PolicySource
from tests.policy.documents import HEADER, documents, policy_sources

RULE = """metadata: {name: p}
spec:
  targets: [{backend: tracker}]
  rules:
  - name: a
    effect: allow
"""


def _source(when: str, *, with_text: bool = True) -> PolicySource:
    text = f"{HEADER}{RULE}    {when}\n"
    (source,) = policy_sources(*documents(text), text=text if with_text else "")
    return source


def _place(source: PolicySource, line: int, column: int) -> Place:
    error = CelError("m", line, column)
    return source.cel_error(("spec", "rules", 0, "when"), error).place


@pytest.mark.parametrize(
    ("when", "position", "place"),
    [
        ("when: 1 == x", (1, 6), (9, 16)),
        ("when: '1 == x'", (1, 6), (9, 17)),
        ('when: "1 == x"', (1, 6), (9, 17)),
        ("when: |\n      1 == x &&\n        y", (1, 6), (10, 12)),
        ("when: |\n      1 == x &&\n        y", (2, 3), (11, 9)),
        ("when: |-\n\n\n       1 == x", (1, 6), (12, 13)),
        ("when: >\n      1 == x", (1, 6), (10, 12)),
    ],
)
def test_a_position_in_an_expression_is_a_position_in_the_file(
    when: str, position: tuple[int, int], place: tuple[int, int]
) -> None:
    assert _place(_source(when), *position) == Place("policy.yaml", *place)


def test_without_the_text_a_one_line_expression_is_taken_to_be_plain() -> None:
    assert _place(_source("when: 1 == x", with_text=False), 1, 6) == Place("policy.yaml", 9, 16)
