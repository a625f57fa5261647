import pytest

from gateway.policy.vocabulary import (
    BASE,
    CARRIERS,
    METHODS,
    METHODS_OF,
    NAMED,
    SELECTED,
    carries,
    methods_of,
    subject,
)
from gateway.suite.inputs import call_from


def test_base_and_selected_methods_are_methods_of_a_protocol() -> None:
    assert BASE < METHODS
    assert NAMED < METHODS
    assert NAMED.isdisjoint(BASE)
    assert frozenset[str]().union(*SELECTED.values()) == NAMED


def test_no_base_message_carries_arguments() -> None:
    for path in (("mcp", "arguments"), ("mcp", "task_id"), ("llm", "body"), ("a2a", "message")):
        assert CARRIERS[path].isdisjoint(BASE)


def test_no_two_protocols_have_a_method_of_one_name() -> None:
    assert len(METHODS) == sum(len(methods) for methods in METHODS_OF.values())


def test_methods_of_protocols_are_those_of_their_variables() -> None:
    assert methods_of(["mcp"]) == METHODS_OF["mcp"]
    assert methods_of(["openai", "anthropic"]) == METHODS_OF["llm"]
    assert methods_of(["anthropic", "a2a"]) == METHODS_OF["a2a"] | {
        "messages",
        "messages/count_tokens",
        "models/list",
        "models/get",
    }
    assert methods_of(["unjudged"]) == frozenset()


@pytest.mark.parametrize(
    ("method", "path", "carried"),
    [
        ("tools/call", "mcp.name", True),
        ("tools/list", "mcp.name", False),
        ("GET", "mcp.kind", True),
        ("GET", "mcp.meta", False),
        ("acme/x", "mcp.meta", True),
        ("acme/x", "mcp.name", False),
        ("acme/x", "llm.method", False),
        ("tools/call", "llm.model", False),
        ("chat/completions", "llm.model", True),
        ("models/list", "llm.model", False),
        ("models/list", "llm.protocol", True),
        ("SendMessage", "a2a.task_id", True),
        ("GetAgentCard", "a2a.task_id", False),
    ],
)
def test_methods_carry_what_the_vocabulary_says(method: str, path: str, *, carried: bool) -> None:
    assert carries(method, *path.split(".")) is carried


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
        ("chat/completions", {"model": "a"}, ("models", "a")),
        ("messages", {}, None),
        ("SendMessage", {"agent": "a/t"}, ("agents", "a/t")),
    ],
)
def test_a_call_is_about_one_thing_or_does_not_say(
    method: str, attributes: dict[str, str], about: tuple[str, str] | None
) -> None:
    assert subject(call_from(method, dict(attributes))) == about
