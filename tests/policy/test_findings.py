# ruff: noqa: E501  a case of a table is one line
import pytest

from gateway.policy.engine import PolicySet
from tests.policy.documents import compiled, policy_text, problems


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("methods: [tool/call]", 'policy.yaml:7:40: error: spec.rules[0].methods[0]: no method "tool/call" (did you mean "tools/call"?)'),
        ("methods: [acme/reindex]", 'policy.yaml:7:40: warning: spec.rules[0].methods[0]: "acme/reindex" is not a method of any protocol; only a server\'s own extension can have it'),
        ('methods: ["tool/*"]', 'policy.yaml:7:40: error: spec.rules[0].methods[0]: no method matches "tool/*"'),
        ("tools: [x], methods: [tools/call, tools/list]", "policy.yaml:7:64: error: spec.rules[0].methods[1]: tools/list has no tools, so the rule never applies to it (write a rule of its own for it)"),
        ("tools: [x], prompts: [y], methods: [tools/call]", "policy.yaml:7:51: error: spec.rules[0].prompts: none of the methods has prompts (add completion/complete or prompts/get to methods, or leave methods out)"),
        ('principals: ["spiffe:/a/b"]', 'policy.yaml:7:43: warning: spec.rules[0].principals[0]: no identity looks like "spiffe:/a/b" (a SPIFFE id, jwt:ISSUER#SUBJECT, key:NAME, metadata:NAMESPACE#SUBJECT or anonymous)'),
        ("actors: [agent]", 'policy.yaml:7:39: warning: spec.rules[0].actors[0]: no identity looks like "agent" (a SPIFFE id, jwt:ISSUER#SUBJECT, key:NAME, metadata:NAMESPACE#SUBJECT or anonymous)'),
        ("when: \"request.headers['X-Team'] == 'a'\"", 'policy.yaml:7:36: error: spec.rules[0].when: no request has a header X-Team: names are in lower case (write "x-team")'),
        ("when: '\"authorization\" in request.headers'", "policy.yaml:7:36: error: spec.rules[0].when: policies never see the header authorization (use principal)"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_mean_what_it_says_is_found(line: str, problem: str) -> None:
    assert problems(f"name: a, effect: allow, {line}") == [problem]


@pytest.mark.parametrize(
    "principal",
    ["*", "spi*", "*/agent", "jwt:https://i#*", "key:a", "anonymous", "anon*", "metadata:n#s"],
)
def test_a_pattern_that_some_identity_can_match_is_no_finding(principal: str) -> None:
    assert problems(f'name: a, effect: allow, principals: ["{principal}"]') == []


FIRST = "policy.yaml:7:5"


def test_targets_must_exist() -> None:
    text = policy_text("name: a, effect: allow").replace(
        "[{backend: tracker}]", "[{backend: trakcer}, {route: publik}, {backend: tracker}]"
    )
    found = compiled(text)
    assert isinstance(found, tuple)
    assert [str(one) for one in found] == [
        'policy.yaml:5:23: error: spec.targets[0].backend: no backend "trakcer" (did you mean "tracker"?)',
        'policy.yaml:5:41: error: spec.targets[1].route: no route "publik" (did you mean "public"?)',
    ]  # fmt: skip


def test_names_are_used_once() -> None:
    text = policy_text("name: a, effect: allow", "name: a, effect: deny")
    found = compiled(f"{text}---\n{text}")
    assert isinstance(found, tuple)
    assert [str(one) for one in found if one.severity == "error"] == [
        'policy.yaml:8:12: error: spec.rules[1].name: the rule "a" already exists (rename one)',
        'policy.yaml:12:18: error: metadata.name: the policy "p" already exists (rename one; the other is at policy.yaml:3:18)',
        'policy.yaml:17:12: error: spec.rules[1].name: the rule "a" already exists (rename one)',
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("effect: deny, tools: ['*']", "effect: allow, tools: [get]"),
        ("effect: deny", "effect: allow, tools: [get], principals: ['key:a'], when: mcp.arguments.a == 1"),
        ("effect: deny, principals: ['key:*']", "effect: deny, principals: ['key:a*', 'key:b']"),
        ("effect: allow, tools: [get, put]", "effect: allow, tools: [put]"),
        ("effect: allow, tools: [get]", "effect: allow, tools: [get]"),
        ("effect: allow, tools: [get], when: mcp.arguments.a == 1", "effect: allow, tools: [get], when: mcp.arguments.a == 1"),
        ("effect: allow, tools: ['g*'], actors: ['spiffe://a/*']", "effect: allow, tools: [get], actors: ['spiffe://a/b']"),
        ("effect: allow, tools: [get]", "effect: allow, tools: [get], scopes: [write]"),
    ],
)  # fmt: skip
def test_a_rule_behind_one_that_takes_all_of_its_calls_is_found(first: str, second: str) -> None:
    verb = "refuses" if "deny" in first else "allows"
    assert problems(f"name: a, {first}", f"name: b, {second}") == [
        f"policy.yaml:8:5: warning: spec.rules[1]: never decides: p/a already {verb} everything that it matches (remove it, or narrow the other, {FIRST})"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("effect: deny, tools: [get]", "effect: allow, tools: ['*']"),
        ("effect: deny, tools: ['*'], when: mcp.arguments.a == 1", "effect: allow, tools: [get]"),
        ("effect: deny, tools: ['*'], scopes: [trainee]", "effect: allow, tools: [get]"),
        ("effect: deny, tools: ['*'], mode: shadow", "effect: allow, tools: [get]"),
        ("effect: deny, tools: ['*']", "effect: allow, tools: [get], mode: shadow"),
        ("effect: deny, tools: ['*']", "effect: allow, tools: [get], prompts: [get]"),
        ("effect: deny, tools: ['*'], principals: ['key:a']", "effect: allow, tools: [get]"),
        ("effect: deny, tools: ['*'], actors: ['spiffe://a']", "effect: allow, tools: [get]"),
        ("effect: deny, when: mcp.arguments.a == 1", "effect: allow, tools: [get], when: mcp.arguments.a == 1"),
        ("effect: allow, tools: [get]", "effect: deny, tools: [get], when: mcp.arguments.a == 1"),
        ("effect: allow, tools: [get], scopes: [a]", "effect: allow, tools: [get], scopes: [b]"),
    ],
)  # fmt: skip
def test_a_rule_that_can_still_decide_is_no_finding(first: str, second: str) -> None:
    assert problems(f"name: a, {first}", f"name: b, {second}") == []


def test_a_rule_for_another_target_is_not_covered() -> None:
    broad = policy_text("name: a, effect: deny")
    narrow = policy_text("name: b, effect: allow").replace("name: p", "name: q")
    found = compiled(f"{broad}---\n{narrow.replace('backend: tracker', 'backend: elsewhere')}")
    assert isinstance(found, PolicySet)
    assert found.warnings == ()
