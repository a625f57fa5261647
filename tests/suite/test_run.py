# ruff: noqa: E501  a case of a table is one line
import pytest

from gateway.model.call import Call, Kind
from gateway.model.problem import Place
from gateway.suite.inputs import call_from
from gateway.suite.results import Difference
from gateway.suite.run import decide_all
from tests.policy.documents import AGENT, context
from tests.suite.suites import POLICIES, report

GET = "call: {method: tools/call, name: get, arguments: {a: 1}}"
DROP = "call: {method: tools/call, name: drop}"
LIST = "list: {method: tools/list, items: [get, drop]}"
RAW = "request: {headers: {content-type: application/json, accept: 'application/json, text/event-stream'}, body: "


@pytest.mark.parametrize(
    "case",
    [
        f"{GET}, want: {{decision: allow, rule: p/a, reason: '', needed_scopes: [], shadow: [p/s]}}",
        f"{DROP}, want: {{decision: deny, rule: p/d, reason: never}}",
        f"{LIST}, want: {{shown: [get]}}",
        f"{GET}, want: {{}}",
        f"{RAW}{{jsonrpc: '2.0', id: 1, method: tools/call, params: {{name: drop}}}}}}, want: {{decision: deny, rule: p/d}}",
        f"{RAW}'[1'}}, want: {{decision: malformed, reason: parse_error}}",
    ],
)
def test_a_case_that_comes_out_as_wanted_passes(case: str) -> None:
    assert report(f"name: c, principal: agent, {case}").failed == 0


@pytest.mark.parametrize(
    ("case", "differences"),
    [
        (f"{GET}, want: {{decision: deny}}", (Difference("decision", "deny", "allow"),)),
        (f"{DROP}, want: {{decision: allow, rule: p/a}}", (Difference("decision", "allow", "deny"), Difference("rule", "p/a", "p/d"))),
        (f"{DROP}, want: {{reason: because}}", (Difference("reason", "because", "never"),)),
        (f"{GET}, want: {{shadow: []}}", (Difference("shadow", "", "p/s"),)),
        (f"{LIST}, want: {{shown: [get, drop]}}", (Difference("shown", "get, drop", "get"),)),
        (f"{RAW}'[1'}}, want: {{decision: deny, rule: p/d}}", (Difference("decision", "deny", "malformed"), Difference("rule", "p/d", ""))),
    ],
)  # fmt: skip
def test_a_case_that_comes_out_otherwise_fails_with_each_difference(
    case: str, differences: tuple[Difference, ...]
) -> None:
    result = report(
        "name: ok, principal: agent, want: {}, " + GET, f"name: c, principal: agent, {case}"
    )
    assert (result.total, result.failed) == (2, 1)
    failed = result.suites[0].cases[1]
    assert failed.differences == differences
    assert failed.place == Place("demo_test.yaml", 9, 5)


def test_one_refused_call_refuses_the_message() -> None:
    get = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})
    drop = call_from("tools/call", {"name": "drop"})
    assert decide_all([get, get], POLICIES, AGENT, context()).allowed
    assert decide_all([get, drop, get], POLICIES, AGENT, context()).rule == "d"


def test_what_a_call_implies_is_judged_too() -> None:
    drop = call_from("tools/call", {"name": "drop"})
    ping = Call("mcp", "ping", Kind.REQUEST, 1, implied=(drop,))
    assert decide_all([ping], POLICIES, AGENT, context()).rule == "d"
