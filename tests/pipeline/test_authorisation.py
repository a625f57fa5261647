"""A message is allowed as a whole or not at all."""

from gateway.model.call import Call, Deframed, Kind
from gateway.model.head import RequestHead
from gateway.model.permit import Permit
from gateway.pipeline.authorisation import Denied, authorise, every_shadow, with_implied
from gateway.policy.context import RequestContext
from tests.pipeline.stage import ALICE, POLICIES

CONTEXT = RequestContext(RequestHead("POST", "/mcp", route="triage"), "tracker", 0.0)


def call(tool: str, ident: int = 1) -> Call:
    values = {"method": "tools/call", "tool": tool, "protocol": "mcp"}
    return Call("mcp", "tools/call", Kind.REQUEST, ident, tool, attributes=dict(values))


def asked(*calls: Call) -> Permit | Denied:
    return authorise(POLICIES, Deframed(calls), ALICE, CONTEXT)


def test_a_message_of_allowed_calls_has_a_permit_with_a_decision_for_each() -> None:
    found = asked(call("get_issue", 1), call("get_issue", 2))
    assert isinstance(found, Permit)
    assert [decision.rule for decision in found.decisions] == ["read", "read"]
    assert every_shadow(found.decisions) == (f"{found.decisions[0].policy}/later",)


def test_one_call_that_is_not_allowed_denies_the_message_and_is_named() -> None:
    found = asked(call("get_issue", 1), call("drop_all", 2))
    assert isinstance(found, Denied)
    assert (found.guilty, found.decision.rule) == (frozenset({2}), "never")


def test_the_scopes_of_the_whole_message_are_told_those_that_suffice_already_too() -> None:
    found = asked(call("get_secret", 1), call("close_issue", 2))
    assert isinstance(found, Denied)
    assert found.decision.needed_scopes == ("issues:read", "issues:write")


def test_what_no_scope_would_allow_comes_first() -> None:
    found = asked(call("get_secret", 1), call("drop_all", 2))
    assert isinstance(found, Denied)
    assert found.decision.needed_scopes == ()
    assert found.guilty == frozenset({1, 2})


def test_what_a_call_implies_is_judged_with_its_id() -> None:
    reads = Call("mcp", "resources/read", Kind.REQUEST, target="file:///secret")
    whole = Call("mcp", "subscriptions/listen", Kind.REQUEST, 9, implied=(reads,))
    assert [(one.method, one.id) for one in with_implied((whole,))] == [
        ("subscriptions/listen", 9),
        ("resources/read", 9),
    ]
