# ruff: noqa: E501  a case of a table is one line
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from gateway.policy.cel import CelError, Use
from gateway.policy.cel_syntax_pb2 import CheckedExpr, Expr
from gateway.policy.celexpr import CelExprRuntime
from gateway.policy.usage import scan

RUNTIME = CelExprRuntime()


def _uses(text: str) -> set[Use]:
    expression = RUNTIME.compile(text)
    assert not isinstance(expression, CelError), expression
    return set(expression.uses)


def _error(text: str) -> CelError:
    error = RUNTIME.compile(text)
    assert isinstance(error, CelError)
    return error


USES: list[tuple[str, set[Use]]] = [
    ("mcp.name == 'a'", {Use("mcp", "name")}),
    ("mcp.arguments.owner == 'a'", {Use("mcp", "arguments", "owner")}),
    ("mcp.arguments.a.b.c == 1", {Use("mcp", "arguments", "a")}),
    ("has(mcp.arguments.a)", {Use("mcp", "arguments", "a")}),
    ("mcp.arguments['a-b'] == 1", {Use("mcp", "arguments", "a-b")}),
    ("'a' in mcp.arguments", {Use("mcp", "arguments", "a")}),
    ("'a' in mcp.arguments.list", {Use("mcp", "arguments", "list")}),
    ("'a' in mcp.task_ids", {Use("mcp", "task_ids")}),
    ("mcp.name in mcp.arguments", {Use("mcp", "arguments"), Use("mcp", "name")}),
    ("mcp.arguments[mcp.name] == 1", {Use("mcp", "arguments"), Use("mcp", "name")}),
    ("size(mcp.arguments) == 1", {Use("mcp", "arguments")}),
    ("mcp.arguments.exists(k, k == 'a')", {Use("mcp", "arguments")}),
    ("mcp.arguments == {'a': 1}", {Use("mcp", "arguments")}),
    (".mcp.name == 'a'", {Use("mcp", "name")}),
    ("request.headers['x-a'] == ''", {Use("request", "headers", "x-a")}),
    ("'x-a' in request.headers", {Use("request", "headers", "x-a")}),
    ("principal.claims.team == 'a'", {Use("principal", "claims", "team")}),
    ("now.getHours() == 1 && now > timestamp(0)", {Use("now")}),
    ("[mcp.name, {'a': mcp.uri}.a].size() == 2", {Use("mcp", "name"), Use("mcp", "uri")}),
    ("mcp.arguments.rows.all(r, r.a == mcp.arguments.b)", {Use("mcp", "arguments", "rows"), Use("mcp", "arguments", "b")}),
    ("mcp.name.startsWith(principal.subject)", {Use("mcp", "name"), Use("principal", "subject")}),
    ("math.greatest(1, 2) == 2", set[Use]()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "uses"), USES)
def test_every_attribute_that_is_read_is_found(text: str, uses: set[Use]) -> None:
    assert _uses(text) == uses


@pytest.mark.parametrize("text", ["mcp == mcp", "dyn(mcp).name == 'a'", "[mcp].size() == 1"])
def test_a_variable_as_a_whole_is_refused(text: str) -> None:
    assert _error(text) == CelError("mcp as a whole has no use", fix="name a field of mcp")


def test_a_loop_variable_must_not_hide_an_attribute() -> None:
    assert _error("mcp.task_ids.all(mcp, mcp == 'a')").message == "the loop variable hides mcp"


def test_loops_nest_twice_and_no_more() -> None:
    twice = "mcp.task_ids.all(a, mcp.task_ids.all(b, {}))"
    assert _uses(twice.format("true")) == {Use("mcp", "task_ids")}
    error = _error(twice.format("mcp.task_ids.all(c, true)"))
    assert error.message == "more than 2 loops inside one another"


def test_what_nests_deeper_than_protobuf_reads_is_an_error() -> None:
    flat = CheckedExpr(expr=Expr(ident_expr=Expr.Ident(name="now"))).expr.SerializeToString()
    for _ in range(60):
        flat = _field(6, _field(3, flat))  # the argument of a call
    usage = scan(AnyMessage(value=_field(4, flat)).SerializeToString())
    assert usage.error == CelError("nested too deeply", fix="split it into several rules")


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field on the wire, of less than 16 KiB."""
    size = len(content)
    return bytes([number << 3 | 2, size & 0x7F | 0x80, size >> 7]) + content


def test_an_expression_has_a_greatest_size() -> None:
    error = _error("1==1" + " && 1==1" * 330)
    assert error.message == "more than 1000 operations"
