# ruff: noqa: E501  a case of a table is one line
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Call
from gateway.model.principal import Principal, PrincipalKind
from gateway.policy.cel import CelFailure
from gateway.policy.explain import RuleTrace, Trace
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, USER, context, rules


def _named_call(method: str, name: str, arguments: dict[str, int]) -> Call:
    return call_from(method, {"name": name, "arguments": {**arguments}})


NAMES = ("get", "get_all", "put", "p")
RULES = st.builds(
    "effect: {}{}{}{}{}{}{}".format,
    st.sampled_from(["allow", "deny"]),
    st.sampled_from(["", ", tools: [get, p]", ', tools: ["g*"]', ', prompts: ["*"]', ', tools: ["*t"], prompts: [p]']),
    st.sampled_from(["", ', principals: ["spiffe://*"]', ', principals: ["jwt:*", anonymous]']),
    st.sampled_from(["", ', actors: ["spiffe://*/agent"]', ", actors: [x]"]),
    st.sampled_from(["", ", scopes: [a]", ", scopes: [a, b]"]),
    st.sampled_from(["", ', when: mcp.name != "put"', ", when: mcp.arguments.n == 1", ", when: size(principal.scopes) > 0"]),
    st.sampled_from(["", "", "", ", mode: shadow"]),
)  # fmt: skip
PRINCIPALS = st.builds(
    Principal,
    st.sampled_from([PrincipalKind.SPIFFE, PrincipalKind.JWT, PrincipalKind.ANONYMOUS]),
    st.just("i"),
    st.sampled_from(["spiffe://c/agent", "spiffe://c/other"]),
    st.sampled_from([(), ("spiffe://c/agent",), ("y", "x")]),
    st.frozensets(st.sampled_from(["a", "b"])),
)
CALLS = st.one_of(
    st.builds(
        _named_call,
        st.sampled_from(["tools/call", "prompts/get"]),
        st.sampled_from(NAMES),
        st.dictionaries(st.just("n"), st.integers(1, 2)),
    ),
    st.builds(call_from, st.sampled_from(["tools/list", "ping", "tasks/list"]), st.just({})),
)


def _first_match(trace: Trace) -> tuple[str, str] | None:
    """The order of judgement, straight from its definition."""
    live = [rule for rule in trace.rules if rule.matched and rule.mode == "enforce"]
    for effect in ("deny", "allow"):
        for rule in live:
            if rule.effect == effect:
                return effect, rule.rule
    return None


@given(st.lists(RULES, min_size=1, max_size=6), PRINCIPALS, CALLS)
def test_the_index_decides_as_reading_every_rule_does(
    lines: list[str], principal: Principal, call: Call
) -> None:
    policies = rules(*(f"name: r{n}, {line}" for n, line in enumerate(lines)))
    trace = policies.explain(call, principal, context())
    assert trace.decision == policies.decide(call, principal, context())
    first = _first_match(trace)
    if first is not None:
        assert trace.decision.allowed is (first[0] == "allow")
        assert trace.decision.rule == first[1]
    elif trace.decision.rule != "base":
        assert not trace.decision.allowed


def _traces(*lines: str, call: Call, principal: Principal = AGENT) -> tuple[RuleTrace, ...]:
    return rules(*lines).explain(call, principal, context()).rules


def test_every_condition_is_shown_with_whether_it_held() -> None:
    (trace,) = _traces(
        'name: a, effect: allow, principals: ["jwt:*"], actors: ["x"], tools: [get], scopes: [w]',
        call=call_from("tools/call", {"name": "get"}),
        principal=USER,
    )
    assert [(one.field, one.wanted, one.held) for one in trace.conditions] == [
        ("methods", "tools/call", True),
        ("principals", "jwt:*", True),
        ("actors", "x", False),
        ("tools", "get", True),
        ("scopes", "w", False),
    ]
    assert not trace.matched


def test_the_value_of_an_expression_is_shown() -> None:
    call = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})
    yes, no, failed, other = _traces(
        "name: a, effect: allow, when: mcp.arguments.a == 1",
        "name: b, effect: allow, when: mcp.arguments.a == 2",
        "name: c, effect: allow, when: mcp.arguments.b == 2",
        'name: d, effect: allow, when: mcp.level == "debug"',
        call=call,
    )
    assert (yes.value, no.value, other.value) == (True, False, None)
    assert isinstance(failed.value, CelFailure)
    assert [rule.matched for rule in (yes, no, failed, other)] == [True, False, False, False]
    assert [rule.decided for rule in (yes, no, failed, other)] == [True, False, False, False]


def test_rules_of_other_targets_are_not_shown() -> None:
    policies = rules("name: a, effect: allow")
    trace = policies.explain(call_from("ping", {}), AGENT, context("elsewhere"))
    assert trace.rules == ()
