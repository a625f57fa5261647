"""The names that telemetry may make labels of."""

from typing import Any

import pytest

from gateway.policy.names import KnownNames
from gateway.policy.vocabulary import SELECTORS
from gateway.telemetry.conventions import OTHER
from tests.policy.documents import rules

NAMES = rules(
    "name: a, effect: allow, tools: [get, 'list_*']",
    "name: b, effect: deny, tools: [drop]",
    "name: c, effect: allow, tools: [try], mode: shadow",
    "name: d, effect: allow, prompts: [review], models: [small, 'big-*']",
    "name: e, effect: allow, agents: [triage]",
    "name: f, effect: allow, resources: ['file:///a']",
    "name: g, effect: allow, methods: ['acme/extension']",
).names


@pytest.mark.parametrize("tool", ["get", "drop", "try"])
def test_a_tool_is_known_that_some_rule_spells_out(tool: str) -> None:
    assert NAMES.known("tools", tool) == tool


@pytest.mark.parametrize("tool", ["list_issues", "list_*", "*", "", "review", "small"])
def test_a_tool_is_not_known_for_a_pattern_or_for_a_name_of_another_kind(tool: str) -> None:
    assert NAMES.known("tools", tool) == OTHER


def test_each_kind_of_name_is_kept_apart() -> None:
    assert NAMES.prompts == {"review"}
    assert NAMES.models == {"small"}
    assert NAMES.agents == {"triage"}
    assert NAMES.known("models", "small") == "small"
    assert NAMES.known("prompts", "small") == OTHER


def test_a_uri_is_never_known() -> None:
    assert NAMES.known("resources", "file:///a") == OTHER


def test_a_method_is_known_that_is_a_protocols_or_that_a_rule_names() -> None:
    assert NAMES.method("ping") == "ping"
    assert NAMES.method("chat/completions") == "chat/completions"
    assert NAMES.method("acme/extension") == "acme/extension"
    assert NAMES.method("acme/other") == OTHER


@pytest.mark.parametrize("selector", SELECTORS)
def test_without_rules_no_name_is_known(selector: Any) -> None:
    assert KnownNames().known(selector, "get") == OTHER
