# ruff: noqa: E501  a case of a table is one line
import pytest

from gateway.policy.compile import named_methods
from gateway.policy.engine import PolicySet
from gateway.policy.schema import AccessRule
from gateway.policy.vocabulary import METHODS, METHODS_OF
from tests.policy.documents import HEADER, compiled, policies, policy_text, problems, rules

SENDING = {"SendMessage", "SendStreamingMessage"}
LITERAL = f"""{HEADER}metadata: {{name: p}}
spec:
  targets: [{{backend: tracker}}]
  rules:
  - name: a
    effect: allow
    when: |
      mcp.name == "a" &&
        mcp.nam == "b"
"""


def _methods(line: str) -> set[str]:
    (rule,) = rules(f"name: a, effect: allow, {line}").rules
    return set(rule.methods)


@pytest.mark.parametrize(
    ("line", "methods"),
    [
        ("tools: [x]", {"tools/call"}),
        ("prompts: [x]", {"prompts/get", "completion/complete"}),
        ("tools: [x], prompts: [y], methods: [tools/call, prompts/get]", {"tools/call", "prompts/get"}),
        ("resources: [x], methods: [resources/*]", {"resources/read", "resources/subscribe", "resources/unsubscribe"}),
        ("when: mcp.arguments.a == 1", {"tools/call", "prompts/get"}),
        ('when: \'mcp.name == "a" && mcp.request_state == ""\'', {"tools/call", "prompts/get"}),
        ("when: 'mcp.level == \"debug\"'", {"logging/setLevel"}),
        ("resources: [x], when: 'mcp.request_state == \"\"'", {"resources/read"}),
        ("when: 'principal.id == \"a\"'", set(METHODS)),
        ("when: 'mcp.method == \"GET\"'", set(METHODS_OF["mcp"])),
        ("when: 'mcp.client_name == \"a\"'", set(METHODS_OF["mcp"]) - {"GET", "DELETE", "response"}),
        ("models: [x], when: llm.store", {"chat/completions", "responses"}),
        ("agents: [x], when: size(a2a.push_urls) == 0", SENDING | {"CreateTaskPushNotificationConfig"}),
        ('methods: [GET, acme/x], when: mcp.kind == "listen"', {"GET", "acme/x"}),
    ],
)  # fmt: skip
def test_a_rule_applies_to_the_methods_that_carry_what_it_uses(
    line: str, methods: set[str]
) -> None:
    assert _methods(line) == methods


def test_a_wildcard_allows_no_extension_and_denies_every_one() -> None:
    rule = AccessRule(name="a", effect="allow", methods=("*",))
    assert named_methods(rule, frozenset({"acme/x"})) == METHODS
    deny = AccessRule(name="a", effect="deny")
    assert named_methods(deny, frozenset({"acme/x"})) == METHODS | {"acme/x"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name: a, effect: allow, when: mcp.nam == 1", "policy.yaml:7:39: error: spec.rules[0].when: mcp has no field nam (did you mean mcp.name?)"),
        ("name: a, effect: allow, when: 'mcp.nam == 1'", "policy.yaml:7:40: error: spec.rules[0].when: mcp has no field nam (did you mean mcp.name?)"),
        ('name: a, effect: allow, when: "mcp.name == 1"', "policy.yaml:7:46: error: spec.rules[0].when: found no matching overload for '_==_' applied to '(string, int)'"),
        ("name: a, effect: allow, when: mcp.name", "policy.yaml:7:36: error: spec.rules[0].when: the expression is of type string, not bool (make it a comparison)"),
        ('name: a, effect: allow, when: mcp.arguments.a == 1 && mcp.level == "x"', "policy.yaml:7:5: error: spec.rules[0]: the rule applies to no method: none carries everything that it names (split it into one rule for each method)"),
        ('name: a, effect: allow, prompts: [x], when: mcp.uri == "x"', "policy.yaml:7:5: error: spec.rules[0]: the rule applies to no method: none carries everything that it names (split it into one rule for each method)"),
    ],
)  # fmt: skip
def test_an_expression_that_does_not_compile_is_an_error_in_its_place(
    line: str, problem: str
) -> None:
    assert problems(line) == [problem]


def test_an_error_in_a_literal_scalar_has_the_line_of_the_file() -> None:
    found = compiled(LITERAL)
    assert isinstance(found, tuple)
    assert [str(one.place) for one in found] == ["policy.yaml:11:12"]


def test_all_problems_of_all_documents_are_told_at_once() -> None:
    broken = policy_text("name: a, effect: allow, when: 1 + 1", "name: a, effect: deny, when: x")
    found = compiled(f"{broken}---\n{broken}")
    assert isinstance(found, tuple)
    assert [one.path for one in found] == [
        "spec.rules[1].name",
        "metadata.name",
        "spec.rules[1].name",
        "spec.rules[0].when",
        "spec.rules[1].when",
        "spec.rules[0].when",
        "spec.rules[1].when",
    ]


def test_warnings_alone_do_not_keep_policies_from_being_used() -> None:
    found = compiled(policy_text("name: a, effect: allow, principals: [bob]"))
    assert isinstance(found, PolicySet)
    assert [one.severity for one in found.warnings] == ["warning"]


def test_no_documents_are_a_set_that_refuses_everything() -> None:
    assert policies("").rules == ()
