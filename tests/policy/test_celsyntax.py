import pytest

from gateway.policy.cel_syntax_pb2 import Expr
from gateway.policy.celparse import RefusedError
from gateway.policy.celsyntax import parse


def test_operators_are_calls_at_their_own_place() -> None:
    syntax = parse("mcp.name\n  == 'a'")
    assert syntax.expr.call_expr.function == "_==_"
    assert syntax.places[syntax.expr.id] == (2, 3)
    assert [one.WhichOneof("kind") for one in syntax.expr.call_expr.args] == [
        "select_expr",
        "const_expr",
    ]


@pytest.mark.parametrize(
    ("literal", "value"),
    [(r"'a\n\x41\u00e9\''", "a\nA\u00e9'"), (r"r'\d'", r"\d"), ('"\'"', "'"), (r"'\\n'", r"\n")],
)
def test_literals_have_the_value_that_the_evaluator_gives_them(literal: str, value: str) -> None:
    assert parse(literal).expr.const_expr.string_value == value


def test_a_long_chain_is_balanced() -> None:
    def depth(node: Expr) -> int:
        return 1 + max((depth(one) for one in node.call_expr.args), default=0)

    assert depth(parse(" && ".join(["true"] * 64)).expr) == 7


@pytest.mark.parametrize(
    ("text", "function"),
    [("[1].all(x, true)", "_&&_"), ("[1].exists(x, true)", "_||_"), ("[1].map(x, x)", "_+_")],
)
def test_macros_become_loops(text: str, function: str) -> None:
    loop = parse(text).expr.comprehension_expr
    assert loop.iter_var == "x"
    assert loop.loop_step.call_expr.function == function


@pytest.mark.parametrize("text", ["1u", "b'a'", "{1: 2}", ".a", "'''a'''", r"'\?'", "a{b: 1}"])
def test_what_the_library_reads_otherwise_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="cel-python cannot do"):
        parse(text)
