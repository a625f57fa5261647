"""Rules that a route in mode `check` could never honour."""

import pytest

from gateway.model.problem import Problem
from gateway.policy.checked import NEEDS_RESPONSE
from gateway.policy.compile import compile_policies
from gateway.policy.vocabulary import METHODS
from tests.policy.documents import HEADER, documents, policy_sources

ROUTE = ("route", "checked")
BACKEND = ("backend", "behind")


def findings(rule: str, *targets: str) -> list[Problem]:
    """Errors of a policy with one rule, where ROUTE is in mode check and BACKEND behind it."""
    text = (
        f"{HEADER}metadata: {{name: policy}}\nspec:\n  targets: [{', '.join(targets)}]\n"
        f"  rules:\n  - {rule}\n"
    )
    compiled = compile_policies(
        policy_sources(*documents(text), text=text),
        backends=["behind", "open"],
        routes=["checked", "buffered"],
        checked={ROUTE, BACKEND},
    )
    found = compiled if isinstance(compiled, tuple) else ()
    return [one for one in found if one.severity == "error"]


@pytest.mark.parametrize("target", ["{route: checked}", "{backend: behind}"])
@pytest.mark.parametrize("method", sorted(NEEDS_RESPONSE))
def test_what_needs_its_response_cannot_be_allowed_where_none_is_seen(
    method: str, target: str
) -> None:
    (found,) = findings(f"{{name: r, effect: allow, methods: [{method}]}}", target)
    assert found.message.startswith(f"{method} needs its response")
    assert (found.place.line, found.place.column) == (7, 40)


def test_it_can_where_one_of_the_targets_is_read() -> None:
    rule = "{name: r, effect: allow, methods: [tools/list]}"
    assert not findings(rule, "{route: checked}", "{route: buffered}")
    assert not findings(rule, "{backend: open}")


@pytest.mark.parametrize(
    "rule",
    [
        "{name: r, effect: deny, methods: [tools/list]}",
        "{name: r, effect: allow, methods: [tools/call]}",
        "{name: r, effect: allow, methods: [tools/*]}",
        "{name: r, effect: allow, tools: [get_issue]}",
    ],
)
def test_a_rule_that_names_nothing_of_the_kind_is_sound(rule: str) -> None:
    assert not findings(rule, "{route: checked}")


def test_every_method_that_needs_its_response_exists() -> None:
    assert NEEDS_RESPONSE <= METHODS
