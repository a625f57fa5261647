from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.lists import ITEMS, MAX_TEMPLATE
from gateway.protocols.mcp.lists import LISTS
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, context, rules

RULES = st.builds(
    "effect: {}, tools: [{}]{}".format,
    st.sampled_from(["allow", "deny"]),
    st.sampled_from(["get", '"g*"', '"*"', "put, get"]),
    st.sampled_from(["", ", when: mcp.arguments.a == 1", ', when: mcp.name == "get"']),
)
ARGUMENTS = st.dictionaries(st.just("a"), st.integers(0, 2))


@given(st.lists(RULES, min_size=1, max_size=4), st.sampled_from(["get", "put", "go"]), ARGUMENTS)
def test_a_tool_that_can_be_called_is_shown(
    lines: list[str], tool: str, arguments: dict[str, int]
) -> None:
    policies = rules(*(f"name: r{n}, {line}" for n, line in enumerate(lines)))
    call = call_from("tools/call", {"name": tool, "arguments": {**arguments}})
    if policies.decide(call, AGENT, context()).allowed:
        assert policies.shows("tools/list", tool, AGENT, context())


def test_every_list_that_the_protocol_filters_can_be_judged() -> None:
    assert set(ITEMS) - {"models/list"} == set(LISTS)


@pytest.mark.parametrize("method", ["tasks/list", "tools/call", "", "acme/list"])
def test_items_of_an_unknown_list_are_not_shown(method: str) -> None:
    assert not rules("name: a, effect: allow").shows(method, "x", AGENT, context())


def test_a_rule_without_selectors_shows_everything() -> None:
    policies = rules("name: a, effect: allow")
    for method in ITEMS:
        spoken = replace(context(), protocol="openai" if method == "models/list" else "mcp")
        assert policies.shows(method, "x", AGENT, spoken)


@pytest.mark.parametrize(("protocol", "shown"), [("openai", True), ("anthropic", False)])
def test_a_model_is_shown_for_what_the_routes_protocol_can_ask_of_it(
    protocol: str, shown: bool
) -> None:
    policies = rules("name: a, effect: allow, models: [m], methods: [embeddings]")
    assert policies.shows("models/list", "m", AGENT, replace(context(), protocol=protocol)) is shown


def test_a_template_that_is_too_long_to_judge_is_not_shown() -> None:
    policies = rules('name: a, effect: allow, resources: ["doc://*"]')
    template = "doc://{a}"
    assert policies.shows("resources/templates/list", template, AGENT, context())
    long = template + "x" * MAX_TEMPLATE
    assert not policies.shows("resources/templates/list", long, AGENT, context())
