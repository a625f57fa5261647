import pytest

from gateway.edge.lint.removals import removals_of
from tests.edge.lint.test_node import node


@pytest.mark.parametrize(
    ("rule", "removed", "kept"),
    [
        ("{remove: X-Api-Key}", "x-api-key", "x-api-key-2"),
        ("{remove_on_match: {key_matcher: {exact: cookie}}}", "cookie", "cookies"),
        ("{remove_on_match: {key_matcher: {prefix: x-a-}}}", "x-a-b", "x-b"),
        ("{removeOnMatch: {keyMatcher: {safeRegex: {regex: 'x-.*-y'}}}}", "x-a-y", "x-a-z"),
    ],
)
def test_each_form_of_removal_counts(rule: str, removed: str, kept: str) -> None:
    found = removals_of(node(f"rules: [{rule}]")["rules"].items)
    assert found.removes(removed)
    assert not found.removes(kept)


def test_a_prefix_is_gone_if_a_shorter_one_is() -> None:
    found = removals_of(
        node("rules: [{remove_on_match: {key_matcher: {prefix: x-}}}]")["rules"].items
    )
    assert found.removes_all("x-gateway-")
    assert not found.removes_all("y-")


def test_an_expression_that_is_none_removes_nothing() -> None:
    bad = "rules: [{remove_on_match: {key_matcher: {safe_regex: {regex: '('}}}}]"
    assert not removals_of(node(bad)["rules"].items).removes("(")
