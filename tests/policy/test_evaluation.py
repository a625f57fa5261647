from collections.abc import Iterator

from gateway.policy.celexpr import CelExprRuntime
from gateway.policy.evaluation import Evaluation
from gateway.policy.rule import Rule
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, context, rules

CALL = call_from("tools/call", {"name": "get", "arguments": {"a": 1}})


def test_attributes_are_bound_only_when_an_expression_is_asked_for() -> None:
    asked: list[str] = []

    def candidates() -> Iterator[Rule]:
        asked.append("candidates")
        yield from policies.rules

    policies = rules(
        "name: plain, effect: allow",
        "name: a, effect: allow, when: mcp.arguments.a == 1",
        "name: b, effect: allow, when: mcp.arguments.a == 2",
    )
    plain, one, two = policies.rules
    evaluation = Evaluation(CelExprRuntime(), candidates(), CALL, AGENT, context())
    assert evaluation.outcome(plain) is True
    assert asked == []
    assert evaluation.outcome(one) is True
    assert evaluation.outcome(two) is False
    assert asked == ["candidates"]
