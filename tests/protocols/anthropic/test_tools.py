"""What policy knows of tools, MCP servers and further models, wherever a request names them."""

from typing import Any

import pytest

from gateway.model.refusal import Reason
from tests.protocols.anthropic.clients import MODEL, attributes, call, content, refusal

SCHEMA = {"type": "object"}
SERVER = {"type": "url", "url": "https://mcp.example", "name": "m"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "m"}


def added(tool: Any) -> list[dict[str, Any]]:
    """Messages that add a tool."""
    return content({"type": "tool_addition", "tool": tool}, role="system")


def test_a_tool_without_a_type_is_a_custom_one() -> None:
    tools = [
        {"name": "a", "input_schema": SCHEMA},
        {"name": "b", "type": "custom", "input_schema": SCHEMA},
        {"name": "c", "type": None, "input_schema": SCHEMA},
        {"name": "web_search", "type": "web_search_20250305"},
        {"type": "computer_toolset_20260801"},
    ]
    found = attributes(tools=tools)
    assert found["tools"] == ["a", "b", "c", "web_search"]
    assert found["tool_types"] == ["custom", "web_search_20250305", "computer_toolset_20260801"]


def test_a_tool_that_a_message_adds_counts() -> None:
    tool = {"type": "tool_definition", "definition": {"name": "a", "input_schema": SCHEMA}}
    for messages in (
        added(tool),
        content({"type": "compaction", "tool_changes": added(tool)[0]["content"]}),
        content({"type": "tool_result", "content": added(tool)[0]["content"]}),
    ):
        found = attributes(messages=messages)
        assert (found["tools"], found["tool_types"]) == (["a"], ["custom"])
    assert attributes(messages=added({"type": "tool_reference", "name": "a"}))["tools"] == ["a"]


def test_a_tool_that_a_message_removes_does_not_count() -> None:
    removed = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "a"}}
    assert "tools" not in attributes(messages=content(removed))


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any", "disable_parallel_tool_use": True}, "any"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "get"}, "get"),
        (None, None),
    ],
)
def test_a_forced_tool_is_known_by_its_name(choice: Any, found: str | None) -> None:
    assert attributes(tool_choice=choice).get("tool_choice") == found


MCP: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unlimited": ({"mcp_servers": [SERVER]}, ["*"]),
    "limited": (
        {"mcp_servers": [SERVER | {"tool_configuration": {"allowed_tools": ["a", "b"]}}]},
        ["a", "b"],
    ),
    "configured without a limit": (
        {"mcp_servers": [SERVER | {"tool_configuration": {"enabled": True}}]},
        ["*"],
    ),
    "disabled": ({"mcp_servers": [SERVER | {"tool_configuration": {"enabled": False}}]}, []),
    "one of two unlimited": (
        {
            "mcp_servers": [
                SERVER | {"tool_configuration": {"allowed_tools": ["a"]}},
                SERVER | {"name": "n"},
            ]
        },
        ["a", "*"],
    ),
    "toolset": ({"mcp_servers": [SERVER], "tools": [TOOLSET]}, ["*"]),
    "toolset with an empty default": (
        {"mcp_servers": [SERVER], "tools": [TOOLSET | {"default_config": {}}]},
        ["*"],
    ),
    "toolset with a tool less": (
        {"mcp_servers": [SERVER], "tools": [TOOLSET | {"configs": {"a": {"enabled": False}}}]},
        ["*"],
    ),
    "toolset with listed tools": (
        {
            "mcp_servers": [SERVER],
            "tools": [
                TOOLSET
                | {
                    "default_config": {"enabled": False},
                    "configs": {
                        "a": {"enabled": True},
                        "b": {"enabled": False},
                        "c": {"defer_loading": True},
                        "d": None,
                    },
                }
            ],
        },
        ["a", "c", "d"],
    ),
    "toolset without tools": (
        {
            "mcp_servers": [SERVER],
            "tools": [TOOLSET | {"default_config": {"enabled": False}}],
        },
        [],
    ),
    "a tool that a message adds": (
        {
            "mcp_servers": [SERVER | {"tool_configuration": {"enabled": False}}],
            "messages": added({"type": "mcp_tool_reference", "server_name": "m", "name": "a"}),
        },
        ["a"],
    ),
    "a toolset that a message adds": (
        {
            "mcp_servers": [SERVER | {"tool_configuration": {"allowed_tools": ["a"]}}],
            "messages": added({"type": "mcp_toolset_reference", "server_name": "m"}),
        },
        ["a", "*"],
    ),
}


@pytest.mark.parametrize(("members", "tools"), MCP.values(), ids=MCP)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_tools_of_mcp_servers_are_limited_or_a_star(
    path: str, members: dict[str, Any], tools: list[str]
) -> None:
    found = attributes(path, **members)
    assert found.get("mcp_tools", []) == tools
    assert found["mcp_urls"] == ["https://mcp.example"]
    assert found["mcp_labels"][0] == "m"


def test_a_toolset_of_a_server_that_is_not_listed_has_its_label() -> None:
    found = attributes(tools=[TOOLSET])
    assert (found["mcp_labels"], found["mcp_tools"]) == (["m"], ["*"])
    assert "mcp_urls" not in found


FURTHER: dict[str, tuple[dict[str, Any], int | None]] = {
    "a fallback": ({"fallbacks": [{"model": "other"}]}, 100),
    "a fallback with its own bound": ({"fallbacks": [{"model": "other", "max_tokens": 7}]}, 7),
    "an advisor": (
        {"tools": [{"type": "advisor_20260301", "name": "advisor", "model": "other"}]},
        None,
    ),
    "an advisor with a bound": (
        {"tools": [{"type": "advisor_20260301", "name": "a", "model": "other", "max_tokens": 7}]},
        7,
    ),
    "an advisor that a message adds": (
        {
            "messages": added(
                {
                    "type": "tool_definition",
                    "definition": {"type": "advisor_20260301", "name": "a", "model": "other"},
                }
            )
        },
        None,
    ),
}


@pytest.mark.parametrize(("members", "bound"), FURTHER.values(), ids=FURTHER)
def test_a_further_model_is_judged_like_the_first(
    members: dict[str, Any], bound: int | None
) -> None:
    first = call(**members)
    assert (first.target, first.attributes["max_tokens"]) == (MODEL, 100)
    (further,) = first.implied
    assert (further.method, further.target, further.version) == ("messages", "other", "2023-06-01")
    assert further.attributes["model"] == "other"
    assert further.attributes.get("max_tokens") == bound
    same = first.attributes.keys() - {"model", "max_tokens"}
    assert all(further.attributes[name] == first.attributes[name] for name in same)


@pytest.mark.parametrize("members", [members for members, _ in FURTHER.values()], ids=FURTHER)
def test_a_further_model_counts_without_a_bound(members: dict[str, Any]) -> None:
    (further,) = call("/v1/messages/count_tokens", **members).implied
    assert (further.method, further.target) == ("messages/count_tokens", "other")
    assert "max_tokens" not in further.attributes


def test_the_default_fallback_names_no_model() -> None:
    assert call(fallbacks="default").implied == ()


def test_too_many_further_models_are_refused() -> None:
    fallbacks = [{"model": str(index)} for index in range(17)]
    assert refusal(fallbacks=fallbacks).reason is Reason.INVALID_PARAMS
    assert len(call(fallbacks=fallbacks[:16]).implied) == 16


WRONG: dict[str, dict[str, Any]] = {
    "tools as an object": {"tools": {}},
    "a tool that is a string": {"tools": ["a"]},
    "a custom tool without a name": {"tools": [{"input_schema": SCHEMA}]},
    "a tool whose name is a number": {"tools": [{"type": "bash_20250124", "name": 1}]},
    "a tool whose type is a number": {"tools": [{"type": 1, "name": "a"}]},
    "a mimicked name": {"tools": [{"name": "a", "Name": "b"}]},
    "a choice that is a string": {"tool_choice": "auto"},
    "a choice without a type": {"tool_choice": {"name": "a"}},
    "a forced tool without a name": {"tool_choice": {"type": "tool"}},
    "servers as an object": {"mcp_servers": {}},
    "a server that is a URL": {"mcp_servers": ["https://mcp.example"]},
    "a server without a URL": {"mcp_servers": [{"type": "url", "name": "m"}]},
    "a server without a name": {"mcp_servers": [{"type": "url", "url": "https://mcp.example"}]},
    "a mimicked URL": {"mcp_servers": [SERVER | {"URL": "https://evil.example"}]},
    "allowed tools as a string": {
        "mcp_servers": [SERVER | {"tool_configuration": {"allowed_tools": "a"}}]
    },
    "allowed tools of a wrong type": {
        "mcp_servers": [SERVER | {"tool_configuration": {"allowed_tools": ["a", 1]}}]
    },
    "enabled as a string": {"mcp_servers": [SERVER | {"tool_configuration": {"enabled": "false"}}]},
    "a default that is no boolean": {"tools": [TOOLSET | {"default_config": {"enabled": 0}}]},
    "configs as a list": {
        "tools": [TOOLSET | {"default_config": {"enabled": False}, "configs": ["a"]}]
    },
    "an added tool that is a string": {"messages": added("a")},
    "an added definition that is a string": {
        "messages": added({"type": "tool_definition", "definition": "a"})
    },
    "fallbacks as an object": {"fallbacks": {}},
    "a fallback that is a string": {"fallbacks": ["other"]},
    "a fallback without a model": {"fallbacks": [{}]},
    "a fallback with a wrong bound": {"fallbacks": [{"model": "other", "max_tokens": "1"}]},
    "a model of a tool that is a list": {"tools": [{"type": "x", "model": ["other"]}]},
    "a model of a tool that is empty": {"tools": [{"type": "x", "model": ""}]},
}


@pytest.mark.parametrize("members", WRONG.values(), ids=WRONG)
def test_what_has_a_wrong_type_is_refused(members: dict[str, Any]) -> None:
    assert refusal(**members).reason is Reason.INVALID_PARAMS
