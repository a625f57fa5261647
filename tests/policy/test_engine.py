from gateway.model.permit import Decision
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, context, rules

POLICIES = rules("name: a, effect: allow, tools: [get]", "name: d, effect: deny, tools: [drop]")


def test_a_set_decides_shows_and_explains() -> None:
    call = call_from("tools/call", {"name": "get"})
    decision = POLICIES.decide(call, AGENT, context())
    assert decision == Decision(allowed=True, policy="p", rule="a")
    assert POLICIES.explain(call, AGENT, context()).decision == decision
    assert POLICIES.shows("tools/list", "get", AGENT, context())
    assert not POLICIES.shows("tools/list", "drop", AGENT, context())


def test_a_set_lists_its_rules_with_their_methods() -> None:
    assert [(rule.path, sorted(rule.methods)) for rule in POLICIES.rules] == [
        ("p/d", ["tools/call"]),
        ("p/a", ["tools/call"]),
    ]
