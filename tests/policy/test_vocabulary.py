import pytest

from gateway.policy.vocabulary import BASE, CARRIERS, METHODS, NAMED, SELECTED, carries, subject
from gateway.suite.inputs import call_from


def test_base_and_selected_methods_are_methods_of_mcp() -> None:
    assert BASE < METHODS
    assert NAMED < METHODS
    assert NAMED.isdisjoint(BASE)
    assert frozenset[str]().union(*SELECTED.values()) == NAMED


def test_no_base_message_carries_arguments() -> None:
    assert CARRIERS["arguments"].isdisjoint(BASE)
    assert CARRIERS["task_id"].isdisjoint(BASE)


@pytest.mark.parametrize(
    ("method", "field", "carried"),
    [
        ("tools/call", "name", True),
        ("tools/list", "name", False),
        ("GET", "kind", True),
        ("GET", "meta", False),
        ("acme/x", "meta", True),
        ("acme/x", "name", False),
    ],
)
def test_methods_carry_what_the_vocabulary_says(method: str, field: str, *, carried: bool) -> None:
    assert carries(method, field) is carried


@pytest.mark.parametrize(
    ("method", "attributes", "about"),
    [
        ("tools/call", {"name": "a"}, ("tools", "a")),
        ("prompts/get", {"name": "a"}, ("prompts", "a")),
        ("resources/subscribe", {"uri": "a"}, ("resources", "a")),
        ("completion/complete", {"ref_type": "ref/prompt", "ref_name": "a"}, ("prompts", "a")),
        ("completion/complete", {"ref_type": "ref/resource", "ref_uri": "a"}, ("resources", "a")),
        ("completion/complete", {"ref_type": "ref/prompt", "ref_uri": "a"}, None),
        ("completion/complete", {}, None),
        ("tools/call", {}, None),
        ("prompts/get", {}, None),
        ("resources/read", {"name": "a"}, None),
    ],
)
def test_a_call_is_about_one_thing_or_does_not_say(
    method: str, attributes: dict[str, str], about: tuple[str, str] | None
) -> None:
    assert subject(call_from(method, dict(attributes))) == about
