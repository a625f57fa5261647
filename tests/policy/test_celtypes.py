import pytest

from gateway.policy.celparse import RefusedError
from gateway.policy.celsyntax import parse
from gateway.policy.celtypes import check


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mcp.task_ids", "list(string)"),
        ("mcp.arguments", "map(string, dyn)"),
        ("request.headers.a", "string"),
        ("mcp.arguments.a.b[0]", "dyn"),
        ("mcp.progress + 1.0", "double"),
        ("mcp.arguments.n + 1", "int"),
        ("mcp.arguments.n - mcp.arguments.m", "dyn"),
        ("now - duration('1h')", "google.protobuf.Timestamp"),
        ("now - now", "google.protobuf.Duration"),
        ("mcp.task_ids.map(x, size(x))", "list(int)"),
        ("mcp.task_ids.filter(x, x == 'a')", "list(string)"),
        ("mcp.arguments.a.exists(x, x == 1)", "bool"),
        ("true ? mcp.arguments.a : 1", "dyn"),
        ("[1, 'a']", "list(dyn)"),
        ("math.greatest(1, 2)", "int"),
        ("mcp.name.split(',')", "list(string)"),
    ],
)
def test_every_part_has_a_type(text: str, kind: str) -> None:
    assert str(check(parse(text))) == kind


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("mcp.name == 1", "found no matching overload for '_==_' applied to '(string, int)'", 10),
        ("mcp.nam == ''", "mcp has no field nam", 4),
        ("mpc.name == ''", "unknown name mpc.name", 1),
        ("mcp.name.shout()", "unknown name shout", 15),
        ("mcp.name.a", "expression of type 'string' cannot be the operand", 9),
        ("math.sqrt(1.0)", "cel-python cannot do math.sqrt()", 10),
    ],
)
def test_a_wrong_type_is_told_with_its_place(text: str, message: str, column: int) -> None:
    with pytest.raises(RefusedError) as refused:
        check(parse(text))
    assert refused.value.error.message.startswith(message)
    assert (refused.value.error.line, refused.value.error.column) == (1, column)
