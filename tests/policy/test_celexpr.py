# ruff: noqa: E501  a case of a table is one line
import pytest
from google.protobuf.message import Message

from gateway.policy.attributes_pb2 import Mcp
from gateway.policy.cel import CelError, CelFailure, Outcome
from gateway.policy.celexpr import CelExprRuntime

RUNTIME = CelExprRuntime()


def _evaluate(text: str, mcp: Message) -> Outcome:
    expression = RUNTIME.compile(text)
    assert not isinstance(expression, CelError), expression
    return expression.evaluate(RUNTIME.bind({"mcp": mcp}))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mcp.nam == 'a'", CelError("mcp has no field nam", 1, 4, "did you mean mcp.name?")),
        ("mcp.name == 1", CelError("found no matching overload for '_==_' applied to '(string, int)'", 1, 10)),
        ("mcp.name == 'a' &&\n  mpc.uri == 'b'", CelError("unknown name mpc.uri", 2, 3, "did you mean mcp?")),
        ("mcp.name ==", CelError("Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}", 1, 12)),
        ("mcp.name", CelError("the expression is of type string, not bool", 1, 1, "make it a comparison")),
        ("mcp.arguments.force", CelError("the expression is of type dyn, not bool", 1, 1, "compare it, e.g. with == true")),
        ("true &&\n mcp.name.matches('[')", CelError("invalid regular expression: missing ]: [", 2, 11, "RE2 syntax")),
        ("1 == 1" + " + 1" * 40, CelError("Exceeded max recursion depth of 32 when parsing.", 1, 1)),
        ("(" * 40 + "true" + ")" * 40, CelError("Expression recursion limit exceeded. limit: 32", 1, 1)),
    ],
)  # fmt: skip
def test_what_does_not_compile_is_an_error_with_its_place(text: str, error: CelError) -> None:
    assert RUNTIME.compile(text) == error


def test_only_a_bool_is_a_value() -> None:
    mcp = Mcp(arguments={"yes": True, "no": False})
    assert _evaluate("mcp.arguments.yes == true", mcp) is True
    assert _evaluate("mcp.arguments.no == true", mcp) is False


def test_an_error_is_a_failure_and_never_true() -> None:
    outcome = _evaluate("mcp.arguments.owner == 'a'", Mcp())
    assert outcome == CelFailure('NOT_FOUND: Key not found in map : "owner"')


def test_an_unbound_variable_is_a_failure() -> None:
    assert isinstance(_evaluate("principal.id == 'a'", Mcp()), CelFailure)


def test_a_conditional_that_is_no_bool_at_run_time_is_a_failure() -> None:
    text = "(mcp.name == 'a' ? dyn(1) : dyn(2)) && true"
    assert isinstance(_evaluate(text, Mcp()), CelFailure)


def test_the_iteration_budget_is_a_failure_and_ends_soon() -> None:
    text = "mcp.task_ids.all(a, mcp.task_ids.all(b, true))"
    assert _evaluate(text, Mcp(task_ids=["a"] * 50)) is True
    assert isinstance(_evaluate(text, Mcp(task_ids=["a"] * 5_000)), CelFailure)


def test_a_foreign_activation_is_a_failure() -> None:
    expression = RUNTIME.compile("true")
    assert not isinstance(expression, CelError)
    assert isinstance(expression.evaluate(object()), CelFailure)


def test_strings_and_math_extensions_are_there() -> None:
    mcp = Mcp(name="A-b")
    assert _evaluate("mcp.name.lowerAscii().split('-') == ['a', 'b']", mcp) is True
    assert _evaluate("math.least(1, 2) == 1", mcp) is True
