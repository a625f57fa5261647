"""What the spans of MCP messages are called and say."""

from typing import Any

import pytest

from gateway.model.call import Call, Kind
from gateway.model.refusal import JSON_RPC_FORMS, Reason
from gateway.telemetry.spans.description import TEXT_LIMIT
from gateway.telemetry.spans.mcp import describe, refused
from tests.telemetry.stage import ECHO, NAMES


def call(method: str, target: str | None = None, ident: Any = 7, **attributes: Any) -> Call:
    return Call("mcp", method, Kind.REQUEST, ident, target, "2025-11-25", attributes)


def test_a_call_of_a_tool_says_all_that_the_conventions_ask_for() -> None:
    described = describe(ECHO, NAMES)
    assert described.name == "tools/call echo"
    assert described.attributes == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-11-25",
        "jsonrpc.request.id": "7",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "echo",
        "network.transport": "tcp",
        "network.protocol.name": "http",
    }


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("tools/call", "made-up-9", "tools/call _OTHER"),
        ("prompts/get", "review", "prompts/get review"),
        ("prompts/get", "echo", "prompts/get _OTHER"),
        ("resources/read", "file:///secret", "resources/read"),
        ("completion/complete", "review", "completion/complete"),
        ("tools/list", None, "tools/list"),
        ("acme/made-up-9", None, "_OTHER"),
    ],
)
def test_names_are_of_words_that_configuration_knows(
    method: str, target: str | None, name: str
) -> None:
    assert describe(call(method, target), NAMES).name == name


def test_attributes_keep_the_name_that_was_called_up_to_a_bound() -> None:
    attributes = describe(call("tools/call", "x" * 1000), NAMES).attributes
    assert attributes["gen_ai.tool.name"] == "x" * TEXT_LIMIT + "…"
    assert describe(call("prompts/get", "p"), NAMES).attributes["gen_ai.prompt.name"] == "p"


def test_neither_uris_nor_arguments_are_told() -> None:
    read = call("resources/read", "file:///secret", uri="file:///secret", arguments={"a": "secret"})
    assert "secret" not in repr(describe(read, NAMES))


def test_a_notification_has_no_id_and_only_tools_are_executed() -> None:
    attributes = describe(call("notifications/initialized", ident=None), NAMES).attributes
    assert "jsonrpc.request.id" not in attributes
    assert "gen_ai.operation.name" not in attributes


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_is_its_json_rpc_code(reason: Reason) -> None:
    code = str(JSON_RPC_FORMS[reason].code)
    assert refused(reason.value) == {"error.type": code, "rpc.response.status_code": code}
