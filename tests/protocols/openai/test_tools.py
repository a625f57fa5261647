"""Tools are found wherever a request can put them."""

from typing import Any

import pytest

from gateway.protocols.openai.tools import Tools, tool_choice
from gateway.protocols.openai.typed import Members, WrongError


def read(**body: Any) -> Tools:
    tools = Tools()
    tools.read(Members(body))
    return tools


def mcp(**more: Any) -> dict[str, Any]:
    return {"type": "mcp", "server_label": "gh", "server_url": "https://gh/mcp", **more}


FLAT = {"type": "function", "name": "rm"}
NESTED = {"type": "function", "function": {"name": "rm", "parameters": {"Type": "object"}}}
CUSTOM = {"type": "custom", "custom": {"name": "rm"}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"tools": [FLAT]}, "function"),
        ({"tools": [NESTED]}, "function"),
        ({"tools": [CUSTOM]}, "custom"),
        ({"functions": [{"name": "rm"}]}, "function"),
        ({"input": [{"type": "additional_tools", "tools": [FLAT]}]}, "function"),
        ({"input": [{"type": "tool_search_output", "tools": [CUSTOM]}]}, "custom"),
    ],
)
def test_a_named_tool_is_found(body: dict[str, Any], kind: str) -> None:
    tools = read(**body)
    assert list(tools.names) == ["rm"]
    assert list(tools.types) == [kind]


def test_tools_of_a_namespace_are_found() -> None:
    tools = read(tools=[{"type": "namespace", "name": "crm", "tools": [FLAT, mcp()]}])
    assert list(tools.types) == ["namespace", "function", "mcp"]
    assert list(tools.names) == ["rm"]
    assert list(tools.mcp_urls) == ["https://gh/mcp"]


def test_what_an_mcp_server_listed_is_no_tool_of_the_request() -> None:
    listed = {"type": "mcp_list_tools", "server_label": "gh", "tools": [{"name": "rm"}]}
    assert read(input=[listed]) == Tools()
    assert read(input="text") == Tools()


def test_other_tools_have_a_type_only() -> None:
    tools = read(tools=[{"type": "web_search"}, {"type": "web_search"}, {"type": "file_search"}])
    assert list(tools.types) == ["web_search", "file_search"]
    assert not tools.names


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ["*"]),
        ({"allowed_tools": None}, ["*"]),
        ({"allowed_tools": []}, ["*"]),
        ({"allowed_tools": {"read_only": True}}, ["*"]),
        ({"allowed_tools": ["a", "b"]}, ["a", "b"]),
        ({"allowed_tools": {"tool_names": ["a"]}}, ["a"]),
    ],
)
def test_an_mcp_server_is_known_by_url_label_and_tools(
    more: dict[str, Any], names: list[str]
) -> None:
    tools = read(tools=[mcp(**more)])
    assert list(tools.mcp_urls) == ["https://gh/mcp"]
    assert list(tools.mcp_labels) == ["gh"]
    assert list(tools.mcp_tools) == names


@pytest.mark.parametrize("key", ["connector_id", "tunnel_id"])
def test_without_a_url_the_label_is_not_the_clients(key: str) -> None:
    tools = read(tools=[{"type": "mcp", "server_label": "harmless", key: "connector_mail"}])
    assert not tools.mcp_urls
    assert list(tools.mcp_labels) == ["connector_mail"]


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({}, None),
        ({"tool_choice": None, "function_call": None}, None),
        ({"tool_choice": "required"}, "required"),
        ({"tool_choice": FLAT}, "rm"),
        ({"tool_choice": NESTED}, "rm"),
        ({"tool_choice": CUSTOM}, "rm"),
        ({"tool_choice": {"type": "mcp", "server_label": "gh"}}, "mcp"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}}, "allowed_tools"),
        ({"function_call": "none"}, "none"),
        ({"function_call": {"name": "rm"}}, "rm"),
        ({"tool_choice": "auto", "function_call": "none"}, "auto"),
    ],
)
def test_a_choice_is_a_mode_a_name_or_a_type(body: dict[str, Any], choice: str | None) -> None:
    assert tool_choice(Members(body)) == choice


WRONG: list[dict[str, Any]] = [
    {"tools": {}},
    {"tools": ["rm"]},
    {"tools": [{"name": "no type"}]},
    {"tools": [{"type": "function"}]},
    {"tools": [{"type": "function", "name": "a", "function": {"name": "b"}}]},
    {"tools": [{"type": "function", "function": {"Name": "a"}}]},
    {"tools": [{"type": "mcp", "server_label": "gh"}]},
    {"tools": [mcp(server_url=1)]},
    {"tools": [mcp(allowed_tools="a")]},
    {"tools": [mcp(allowed_tools=[1])]},
    {"tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]},
    {"functions": [{}]},
    {"input": [{"type": "additional_tools", "tools": [{"type": "function"}]}]},
    {"input": 1},
]


@pytest.mark.parametrize("body", WRONG)
def test_tools_of_another_form_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(WrongError):
        read(**body)


NO_CHOICES: list[Any] = [1, [], {}, {"type": "function"}]


@pytest.mark.parametrize("choice", NO_CHOICES)
def test_a_choice_of_another_form_is_refused(choice: Any) -> None:
    with pytest.raises(WrongError):
        tool_choice(Members({"tool_choice": choice}))
