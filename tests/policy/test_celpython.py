"""cel-python against the C++ runtime: the same value, or no value at all."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonValue
from gateway.policy.attributes_pb2 import Mcp, Request
from gateway.policy.cel import CelError, CelFailure, Outcome, Runtime
from gateway.policy.celexpr import CelExprRuntime
from gateway.policy.celpython import CelPythonRuntime
from tests.policy.test_usage import USES

CASES: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "cel" / "expressions.yaml").read_text()
)
ARGUMENTS: dict[str, JsonValue] = {
    "n": 3.0,
    "s": "héllo",
    "b": True,
    "z": None,
    "l": [1, 2, "x"],
    "m": {"a": 1},
    "t": "2026-01-01T00:00:00Z",
}
BINDINGS = {
    "mcp": Mcp(name="nm", arguments=ARGUMENTS, task_ids=["a", "b"]),
    "request": Request(headers={"a": "b"}),
    "now": datetime(2026, 1, 31, 23, 59, 59, 500_000, UTC),
}
NATIVE = CelExprRuntime()
FALLBACK = CelPythonRuntime()


def _outcome(runtime: Runtime, text: str, mcp: Mcp | None = None) -> Outcome | CelError:
    expression = runtime.compile(text)
    if isinstance(expression, CelError):
        return expression
    return expression.evaluate(runtime.bind({**BINDINGS, "mcp": mcp} if mcp else BINDINGS))


def _told(outcome: Outcome | CelError) -> bool | CelError | str:
    """Failures are worded by each runtime on its own."""
    return "failure" if isinstance(outcome, CelFailure) else outcome


@pytest.mark.parametrize("text", CASES["same"])
def test_an_expression_is_judged_alike(text: str) -> None:
    assert _told(_outcome(FALLBACK, text)) == _told(_outcome(NATIVE, text))


@pytest.mark.parametrize("text", CASES["worded"])
def test_what_the_other_refuses_is_refused(text: str) -> None:
    assert isinstance(NATIVE.compile(text), CelError)
    assert isinstance(FALLBACK.compile(text), CelError)


@pytest.mark.parametrize("text", CASES["refused"])
def test_what_would_differ_does_not_compile(text: str) -> None:
    assert not isinstance(NATIVE.compile(text), CelError)
    assert isinstance(FALLBACK.compile(text), CelError)


@pytest.mark.parametrize("text", [text for text, _ in USES])
def test_the_attributes_that_are_read_are_the_same(text: str) -> None:
    native, fallback = NATIVE.compile(text), FALLBACK.compile(text)
    assert not isinstance(native, CelError)
    if isinstance(fallback, CelError):
        assert fallback.message.startswith("cel-python cannot do ")
    else:
        assert fallback.uses == native.uses


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "ab", "é", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)
_PAIRS = [
    *(f"(x {sign} y) == (x {sign} y)" for sign in ("+", "-", "*", "/")),
    *(f"x {sign} y" for sign in ("==", "!=", "<", "<=", ">", ">=", "in")),
    *("x && y", "x || y", "x ? y == y : false", "x[y] == x[y]", "x.a == y", "has(x.a)", "!x"),
    *("-x == y", "size(x) == size(y)", "x.all(i, i == y)", "x.exists(i, i == y)", "x == 3"),
    *("x.exists_one(i, i == y)", "x.map(i, i + y) == x", "x.filter(i, i > y) == x", "x < 2"),
    *("x.contains(y)", "x.startsWith(y)", "x.endsWith(y)", "x.indexOf(y) == 0", "x.matches('a')"),
    *("x.split(y) == ['']", "x.replace(y, 'z') == 'z'", "x.join(y) == 'a'", "x.trim() == y"),
    *("x.lowerAscii() == y", "x.reverse() == y", "x.charAt(1) == y", "x.substring(1) == y"),
    *("math.greatest(x, y) == x", "math.least(x, 2) == y", "math.abs(x) == y"),
    "math.round(x) == y",
    *("math.sign(x) == y", "math.ceil(x) == y", "math.floor(x) == y", "math.trunc(x) == y"),
    *("x == [y]", "[x, y] == [y, x]", "x in [y, 1]", "x.lastIndexOf(y) == 1", "x.b == y.b"),
]  # fmt: skip
_NAME = re.compile(r"\b[xy]\b")
_COMPILED = [
    (runtime, text, runtime.compile(text))
    for text in (_NAME.sub(r"mcp.arguments.\g<0>", pair) for pair in _PAIRS)
    for runtime in (NATIVE, FALLBACK)
]


@settings(max_examples=60, deadline=None)
@given(x=_JSON, y=_JSON)
def test_operators_and_functions_agree_on_any_json(x: JsonValue, y: JsonValue) -> None:
    mcp = Mcp(arguments={"x": x, "y": y})
    bound = {runtime.name: runtime.bind({"mcp": mcp}) for runtime in (NATIVE, FALLBACK)}
    outcomes: dict[str, set[bool | CelError | str]] = {}
    for runtime, text, expression in _COMPILED:
        assert not isinstance(expression, CelError), (text, expression)
        told = _told(expression.evaluate(bound[runtime.name]))
        outcomes.setdefault(text, set()).add(told)
    assert {text for text, told in outcomes.items() if len(told) > 1} == set()


_WORDS = (
    "mcp . name arguments task_ids request headers now x a == != < && || ! ? : + - * / % in ( ) "
    "[ ] , { } 1 0x1f 1.5 1. 1u 'a' \"b\" r'c' b'd' true false null has all exists map size dyn "
    "math greatest startsWith matches timestamp duration for \\n # // $"
)
_TOKENS = st.sampled_from(_WORDS.split())


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(_TOKENS, max_size=12), space=st.sampled_from(["", " "]))
def test_any_text_compiles_or_is_an_error_and_never_compiles_on_one_engine_alone(
    parts: list[str], space: str
) -> None:
    text = space.join(parts)
    if not isinstance(FALLBACK.compile(text), CelError):
        assert not isinstance(NATIVE.compile(text), CelError), text
        assert _told(_outcome(FALLBACK, text)) == _told(_outcome(NATIVE, text))


@pytest.mark.parametrize("length", [9_998, 9_999, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        "mcp.task_ids.all(x, x == 'a')",
        "mcp.task_ids.all(x, x != 'a') || mcp.task_ids.exists(x, x == 'b') || true",
    ],
)
def test_the_budget_of_iterations_ends_at_the_same_one(text: str, length: int) -> None:
    mcp = Mcp(task_ids=["a"] * length)
    assert _told(_outcome(FALLBACK, text, mcp)) == _told(_outcome(NATIVE, text, mcp))


@pytest.mark.parametrize("depth", [31, 32, 33, 34])
def test_arguments_that_nest_too_deep_are_a_failure_on_both(depth: int) -> None:
    value: JsonValue = 1
    for _ in range(depth):
        value = {"k": value}
    mcp = Mcp(arguments={"a": value})
    native = _told(_outcome(NATIVE, "has(mcp.arguments.a)", mcp))
    assert _told(_outcome(FALLBACK, "has(mcp.arguments.a)", mcp)) == native


@pytest.mark.parametrize(
    "text",
    [
        "(" * 40 + "true" + ")" * 2_000,
        "!" * 4_000 + "true",
        "1==1" + " + 1" * 40,
        "1 == 1" + "+1" * 1_500,
    ],
)
def test_what_nests_too_deep_does_not_compile(text: str) -> None:
    assert isinstance(FALLBACK.compile(text), CelError)


def test_a_long_chain_of_alternatives_compiles() -> None:
    text = " || ".join(f"mcp.name == 'n{number}'" for number in range(200)) + " || true"
    assert _outcome(FALLBACK, text) is True


def test_an_unbound_variable_is_a_failure() -> None:
    expression = FALLBACK.compile("principal.id == 'a'")
    assert not isinstance(expression, CelError)
    assert isinstance(expression.evaluate(FALLBACK.bind({"mcp": Mcp()})), CelFailure)
    assert isinstance(expression.evaluate(object()), CelFailure)


def test_the_library_logs_no_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        for text in CASES["same"]:
            _outcome(FALLBACK, text)
    assert [record.name for record in caplog.records] == []
