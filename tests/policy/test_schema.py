# ruff: noqa: E501  a case of a table is one line
import pytest

from gateway.policy.schema import AccessPolicy
from tests.policy.documents import HEADER, policy, policy_text

EXAMPLE = f"""{HEADER}metadata: {{name: issue-triage}}
spec:
  targets: [{{backend: github}}]
  rules:
  - name: read-issues
    effect: allow
    principals: ["spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"]
    tools: [list_issues, get_issue, get_issue_comments]
  - name: own-org-only
    effect: deny
    tools: ["*"]
    when: mcp.arguments.owner != "acme"
"""


def test_a_document_has_targets_and_rules() -> None:
    found = policy(EXAMPLE)
    assert isinstance(found, AccessPolicy)
    assert found.spec.mode == "enforce"
    assert [rule.effect for rule in found.spec.rules] == ["allow", "deny"]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("name: a, effect: allow, tool: [x]", 'policy.yaml:7:30: error: spec.rules[0].tool: unknown key "tool" (did you mean "tools"?)'),
        ("name: a, effect: permit", 'policy.yaml:7:23: error: spec.rules[0].effect: "permit" is not allow or deny'),
        ("name: a, effect: allow, principals: []", "policy.yaml:7:42: error: spec.rules[0].principals: the list is empty (give at least one)"),
        ("name: a, effect: allow, principals: a", 'policy.yaml:7:42: error: spec.rules[0].principals: "a" is not a list (put it in brackets: [...])'),
        ('name: a, effect: allow, tools: [""]', "policy.yaml:7:38: error: spec.rules[0].tools[0]: string should have at least 1 character"),
        ("name: a, effect: allow, scopes: [1]", "policy.yaml:7:39: error: spec.rules[0].scopes[0]: input should be a valid string"),
        ("effect: allow", 'policy.yaml:7:5: error: spec.rules[0].name: the key "name" is missing (add "name")'),
        ("name: A b, effect: allow", "policy.yaml:7:12: error: spec.rules[0].name: string should match pattern '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_an_error_at_its_place(rule: str, problem: str) -> None:
    found = policy(policy_text(rule))
    assert isinstance(found, tuple)
    assert [str(one) for one in found] == [problem]


@pytest.mark.parametrize("target", ["{}", "{backend: a, route: b}"])
def test_a_target_is_either_a_backend_or_a_route(target: str) -> None:
    found = policy(EXAMPLE.replace("{backend: github}", target))
    assert isinstance(found, tuple)
    assert [one.message for one in found] == ["a target names either a backend or a route"]


def test_an_expression_has_a_greatest_length() -> None:
    found = policy(policy_text(f"name: a, effect: allow, when: '{'1 == 1 && ' * 500}true'"))
    assert isinstance(found, tuple)
    assert "4096" in found[0].message
