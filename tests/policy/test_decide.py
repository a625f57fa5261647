import pytest

from gateway.model.call import Call, Kind
from gateway.model.jsonvalue import JsonValue
from gateway.model.permit import Decision
from gateway.policy.vocabulary import BASE, METHODS
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, context, rules

ALLOW = "name: a, effect: allow, tools: [get], when: mcp.arguments.a == 1"
DENY = "name: d, effect: deny, tools: [get], when: mcp.arguments.a == 1"
ANY = "name: any, effect: allow, tools: [get]"


def _get(value: JsonValue) -> Call:
    return call_from("tools/call", {"name": "get", "arguments": {"a": value}})


@pytest.mark.parametrize("value", [10**400, "\ud800", [{"a": "\udfff"}]])
def test_a_value_that_cel_cannot_hold_neither_allows_nor_escapes_a_deny(value: JsonValue) -> None:
    assert not rules(ALLOW).decide(_get(value), AGENT, context()).allowed
    assert rules(DENY, ANY).decide(_get(value), AGENT, context()).rule == "d"


def test_an_exhausted_budget_neither_allows_nor_escapes_a_deny() -> None:
    loop = "when: 'mcp.arguments.a.all(x, mcp.arguments.a.all(y, x == y))'"
    call = _get([*(1 for _ in range(1_000))])
    allow = rules(f"name: a, effect: allow, tools: [get], {loop}")
    deny = rules(f"name: d, effect: deny, tools: [get], {loop}", ANY)
    assert allow.decide(_get([1, 1]), AGENT, context()).allowed
    assert not allow.decide(call, AGENT, context()).allowed
    assert deny.decide(call, AGENT, context()).rule == "d"


def test_a_time_that_is_none_neither_allows_nor_escapes_a_deny() -> None:
    when = "when: now > timestamp(0)"
    call, never = _get(1), context(now=1e300)
    assert not rules(f"name: a, effect: allow, {when}").decide(call, AGENT, never).allowed
    assert rules(f"name: d, effect: deny, {when}", ANY).decide(call, AGENT, never).rule == "d"


def test_another_protocol_is_not_judged_by_rules_for_mcp() -> None:
    for protocol, method in (("a2a", "tools/call"), ("mcp", "SendMessage"), ("unjudged", "ping")):
        call = Call(protocol, method, Kind.REQUEST, 1, "get", attributes={"name": "get"})
        assert rules(ANY).decide(call, AGENT, context()) == Decision(allowed=False)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_method_counts_and_not_the_kind_of_message(kind: Kind) -> None:
    call = Call("mcp", "tools/call", kind, None, "drop", attributes={"name": "drop"})
    assert not rules(ANY).decide(call, AGENT, context()).allowed


@pytest.mark.parametrize("method", sorted(METHODS))
def test_base_messages_and_no_others_follow_from_another_permission(method: str) -> None:
    decision = rules(ANY).decide(call_from(method, {}), AGENT, context())
    assert decision.allowed is (method in BASE)


@pytest.mark.parametrize("method", sorted(BASE))
def test_explicit_base_allows_nothing_by_itself(method: str) -> None:
    policies = rules(ANY, base="explicit")
    assert not policies.decide(call_from(method, {}), AGENT, context()).allowed


def test_explicit_base_allows_what_a_rule_names() -> None:
    policies = rules("name: a, effect: allow, methods: [ping]", base="explicit")
    assert policies.decide(call_from("ping", {}), AGENT, context()).rule == "a"
    assert not policies.decide(call_from("initialize", {}), AGENT, context()).allowed


def test_a_refusal_by_default_names_nothing() -> None:
    assert rules(ANY).decide(
        call_from("tools/call", {"name": "put"}), AGENT, context()
    ) == Decision(allowed=False)


def test_what_a_call_implies_is_judged_on_its_own() -> None:
    implied = call_from("resources/read", {"uri": "x"})
    call = Call("mcp", "subscriptions/listen", Kind.REQUEST, 1, implied=(implied,))
    policies = rules("name: a, effect: allow, methods: [subscriptions/listen]")
    assert policies.decide(call, AGENT, context()).allowed
    assert not policies.decide(implied, AGENT, context()).allowed
