import json

from gateway.config.selection import CallMatch, Target
from gateway.guardrails.tools.book import ToolBook
from gateway.model.call import Deframed
from gateway.model.passage import Stage
from gateway.model.problem import Place
from gateway.model.refusal import Reason, Refusal
from gateway.policy.matching import GuardrailMatches, MatchSource, compile_matches
from gateway.suite.explanation import (
    Explanation,
    explain_message,
    explanation_json,
    explanation_text,
)
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, USER, context, rules

POLICIES = rules(
    'name: a, effect: allow, principals: ["spiffe://*"], tools: [get], when: mcp.arguments.a == 1',
    "name: b, effect: allow, tools: [put], scopes: [write]",
    "name: s, effect: deny, tools: [get], mode: shadow",
)


def _explain(name: str, arguments: dict[str, int] | None = None) -> Explanation:
    call = call_from("tools/call", {"name": name, "arguments": {**(arguments or {})}})
    return explain_message(Deframed((call,)), POLICIES, AGENT, context())


def test_the_text_shows_the_value_of_every_rule_and_the_verdict() -> None:
    assert explanation_text(_explain("get", {"a": 1})) == (
        "principal  spiffe://cluster.local/agent\n"
        "route      route, backend tracker\n"
        "\n"
        "tools/call get\n"
        "ALLOWED by p/a, shadow rules would change it: p/s\n"
        "* allow p/a (policy.yaml:7:5)\n"
        "          when: true  [mcp.arguments.a == 1]\n"
        "+ deny  p/s (policy.yaml:9:5, shadow)\n"
        "  allow p/b (policy.yaml:8:5)\n"
        "          tools: not among put\n"
        "          scopes: not among write\n"
    )


def test_the_text_shows_why_an_expression_has_no_value() -> None:
    text = explanation_text(_explain("get"))
    assert 'when: error: NOT_FOUND: Key not found in map : "a"' in text
    assert "REFUSED by default: no rule allows it; closest: p/a\n" in text


def test_lacking_scopes_are_shown() -> None:
    assert "REFUSED: p/b needs the scopes write\n" in explanation_text(_explain("put"))


def test_rules_for_others_are_named_only_and_their_expressions_left_out() -> None:
    call = call_from("tools/call", {"name": "get"})
    text = explanation_text(explain_message(Deframed((call,)), POLICIES, USER, context()))
    assert "REFUSED by default: no rule allows it\n" in text
    assert text.endswith("  for other principals: p/a\n")
    assert "when" not in text
    listed = explain_message(Deframed((call_from("tools/list", {}),)), POLICIES, AGENT, context())
    text = explanation_text(listed)
    assert "ALLOWED by base: some rule allows this principal something here\n" in text
    assert text.endswith("  for other methods: p/s, p/a, p/b\n")


def test_the_json_has_every_condition() -> None:
    document = json.loads(explanation_json(_explain("get", {"a": 2})))
    assert (document["version"], document["allowed"]) == (1, False)
    (call,) = document["calls"]
    assert (call["method"], call["target"], call["rule"]) == ("tools/call", "get", "")
    rule = next(rule for rule in call["rules"] if rule["rule"] == "a")
    assert rule == {
        "policy": "p",
        "rule": "a",
        "effect": "allow",
        "mode": "enforce",
        "place": "policy.yaml:7:5",
        "conditions": [
            {"field": "methods", "wanted": "tools/call", "held": True},
            {"field": "principals", "wanted": "spiffe://*", "held": True},
            {"field": "tools", "wanted": "get", "held": True},
        ],
        "when": "mcp.arguments.a == 1",
        "value": False,
        "error": None,
        "matched": False,
        "decided": False,
    }


def test_a_message_that_the_deframer_refuses_goes_no_further() -> None:
    refusal = Refusal(Reason.PARSE_ERROR, "the body is not JSON")
    found = explain_message(refusal, POLICIES, USER, context())
    assert not found.allowed
    assert "deframe    REFUSED parse_error: the body is not JSON\n" in explanation_text(found)
    assert json.loads(explanation_json(found))["refusal"] == {
        "reason": "parse_error",
        "message": "the body is not JSON",
    }


def test_a_batch_is_allowed_if_every_call_is() -> None:
    get = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})
    put = call_from("tools/call", {"name": "put"})
    both = explain_message(Deframed((get, put), batch=True), POLICIES, AGENT, context())
    assert [call.trace.decision.allowed for call in both.calls] == [True, False]
    assert not both.allowed
    assert explain_message(Deframed((get, get)), POLICIES, AGENT, context()).allowed


def test_guardrails_for_others_are_only_named() -> None:
    place = Place("g.yaml", 3, 1)
    targets, stages = (Target(backend="tracker"),), (Stage.TOOL_RESULT,)
    sources = [
        MatchSource(name, targets, stages, CallMatch(principals=("key:*",)), lambda _path: place)
        for name in ("g", "h")
    ]
    matches = compile_matches(sources, backends={"tracker"}, routes=set())
    assert isinstance(matches, GuardrailMatches), matches
    call = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})
    text = explanation_text(explain_message(Deframed((call,)), POLICIES, AGENT, context(), matches))
    assert text.endswith("\n  guardrails for other principals: g, h\n")


def test_guardrails_are_told_after_the_rules() -> None:
    place = Place("g.yaml", 3, 1)
    match = CallMatch(tools=("get",), when="mcp.arguments.a == 1")
    source = MatchSource(
        "g", (Target(backend="tracker"),), (Stage.TOOL_CALL,), match, lambda _path: place
    )
    matches = compile_matches([source], backends={"tracker"}, routes=set())
    assert isinstance(matches, GuardrailMatches), matches
    call = call_from("tools/call", {"name": "put", "arguments": {"a": 1}})
    explained = explain_message(Deframed((call,)), POLICIES, AGENT, context(), matches)
    assert explanation_text(explained).endswith(
        "  guardrail g (g.yaml:3:1)\n"
        "          tools: not among get\n"
        "          when: true  [mcp.arguments.a == 1]\n"
    )
    (told,) = json.loads(explanation_json(explained))["calls"]
    assert told["guardrails"] == [
        {
            "guardrail": "g",
            "place": "g.yaml:3:1",
            "conditions": [
                {"field": "methods", "wanted": "tools/call", "held": True},
                {"field": "tools", "wanted": "get", "held": False},
            ],
            "when": "mcp.arguments.a == 1",
            "value": "true",
            "applies": False,
        }
    ]


def test_a_tool_that_nobody_has_reviewed_is_refused_whatever_the_rules_say() -> None:
    call = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})
    book = ToolBook({"tracker": {"put": "0" * 64}}, refuse_unobserved=True)
    explained = explain_message(Deframed((call,)), POLICIES, AGENT, context(), tools=book)
    assert not explained.allowed
    text = explanation_text(explained)
    assert "REFUSED all the same: the tool is unpinned (tools.lock.yaml)\n" in text
    assert json.loads(explanation_json(explained))["calls"][0]["tool"] == "unpinned"
    pinned = ToolBook({"tracker": {"get": "0" * 64}}, refuse_unobserved=True)
    assert explain_message(Deframed((call,)), POLICIES, AGENT, context(), tools=pinned).allowed
