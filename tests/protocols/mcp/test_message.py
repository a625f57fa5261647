"""Each MCP message becomes the call that policy judges, with typed attributes."""

from typing import Any

import pytest

from gateway.model.call import Call, Kind
from gateway.model.refusal import Reason
from gateway.protocols.mcp.message import MAX_SUBSCRIPTIONS
from tests.protocols.mcp.clients import (
    CALL,
    CLIENT_INFO,
    JSON,
    META,
    SESSION,
    VERSION,
    call,
    modern_lines,
    notify,
    refusal,
    rpc,
)

LEGACY_ROWS: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("ping", {}, {}, None),
    (
        "initialize",
        {
            "protocolVersion": "2025-06-18",
            "clientInfo": {"name": "c", "version": "1", "title": "t"},
            "capabilities": {"roots": {}},
        },
        {
            "protocol_version": "2025-06-18",
            "client_name": "c",
            "client_version": "1",
            "capabilities": {"roots": {}},
        },
        None,
    ),
    ("tools/list", {"cursor": "x"}, {"cursor": "x"}, None),
    ("prompts/list", {"cursor": None}, {}, None),
    ("resources/list", {}, {}, None),
    ("resources/templates/list", {}, {}, None),
    ("tasks/list", {"cursor": "x"}, {"cursor": "x"}, None),
    (
        "tools/call",
        {
            "name": "t",
            "arguments": {"Name": [1.5, None], "n": {"A": 1, "a": 2}},
            "task": {"ttl": 5},
            "_meta": {"progressToken": 3},
        },
        {
            "name": "t",
            "arguments": {"Name": [1.5, None], "n": {"A": 1, "a": 2}},
            "task": {"ttl": 5},
            "meta": {"progressToken": 3},
            "progress_token": "3",
        },
        "t",
    ),
    (
        "tools/call",
        {"name": "t", "inputResponses": {"a": {}}, "requestState": "opaque"},
        {"name": "t", "input_responses": {"a": {}}, "request_state": "opaque"},
        "t",
    ),
    (
        "prompts/get",
        {"name": "p", "arguments": {"a": "b"}, "inputResponses": {}, "requestState": ""},
        {"name": "p", "arguments": {"a": "b"}, "input_responses": {}, "request_state": ""},
        "p",
    ),
    ("resources/read", {"uri": "file:///a"}, {"uri": "file:///a"}, "file:///a"),
    ("resources/subscribe", {"uri": "file:///a"}, {"uri": "file:///a"}, "file:///a"),
    ("resources/unsubscribe", {"uri": "file:///a"}, {"uri": "file:///a"}, "file:///a"),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/prompt", "name": "p"},
            "argument": {"name": "a", "value": "b"},
            "context": {"arguments": {"c": "d"}},
        },
        {
            "ref_type": "ref/prompt",
            "ref_name": "p",
            "argument_name": "a",
            "argument_value": "b",
            "context_arguments": {"c": "d"},
        },
        "p",
    ),
    (
        "completion/complete",
        {"ref": {"type": "ref/resource", "uri": "u"}, "argument": {"name": "a", "value": ""}},
        {"ref_type": "ref/resource", "ref_uri": "u", "argument_name": "a", "argument_value": ""},
        "u",
    ),
    ("logging/setLevel", {"level": "debug"}, {"level": "debug"}, None),
    ("tasks/get", {"taskId": "k"}, {"task_id": "k"}, "k"),
    ("tasks/result", {"taskId": "k"}, {"task_id": "k"}, "k"),
    ("tasks/cancel", {"taskId": "k"}, {"task_id": "k"}, "k"),
    (
        "tasks/update",
        {"taskId": "k", "inputResponses": {"a": 1}},
        {"task_id": "k", "input_responses": {"a": 1}},
        "k",
    ),
    ("vendor.example/search", {"Name": "free"}, {}, None),
]


@pytest.mark.parametrize(("method", "params", "attributes", "target"), LEGACY_ROWS)
def test_a_request_carries_the_attributes_of_its_method(
    method: str, params: dict[str, Any], attributes: dict[str, Any], target: str | None
) -> None:
    assert call(rpc(method, params, "a")) == Call(
        protocol="mcp",
        method=method,
        kind=Kind.REQUEST,
        id="a",
        target=target,
        version=attributes.get("protocol_version", "2025-03-26"),
        attributes={"method": method, "protocol_version": "2025-03-26", **attributes},
    )


@pytest.mark.parametrize(
    ("method", "params", "attributes"),
    [
        ("notifications/initialized", None, {}),
        ("notifications/roots/list_changed", {}, {}),
        ("notifications/cancelled", {"requestId": 5, "reason": "r"}, {"request_id": "5"}),
        (
            "notifications/progress",
            {"progressToken": "t", "progress": 1, "total": 2},
            {"progress_token": "t", "progress": 1.0},
        ),
        ("notifications/vendor", {"x": 1}, {}),
        ("vendor.example/note", {"x": 1}, {}),
    ],
)
def test_a_notification_carries_its_attributes(
    method: str, params: Any, attributes: dict[str, Any]
) -> None:
    found = call(notify(method, params), (*JSON, *SESSION))
    assert (found.kind, found.id, found.version) == (Kind.NOTIFICATION, None, "2025-11-25")
    assert found.attributes == {
        "method": method,
        "protocol_version": "2025-11-25",
        **attributes,
    }


@pytest.mark.parametrize("body", [{"result": {}}, {"error": {"code": -1, "message": "no"}}])
def test_an_answer_to_the_server_is_a_call_without_id_and_content(body: dict[str, Any]) -> None:
    found = call({"jsonrpc": "2.0", "id": 4, **body}, (*JSON, *SESSION))
    assert (found.kind, found.method, found.id) == (Kind.ANSWER, "response", None)
    assert found.attributes == {"method": "response"}


def test_a_modern_request_describes_its_client() -> None:
    meta = {**META, CLIENT_INFO: {"name": "c", "version": "2"}, "progressToken": "p"}
    found = call(
        rpc("tools/call", {**CALL, "_meta": meta}), modern_lines("tools/call", "get_issue")
    )
    assert found.version == "2026-07-28"
    assert found.attributes == {
        "method": "tools/call",
        "protocol_version": "2026-07-28",
        "name": "get_issue",
        "arguments": {"number": 7},
        "meta": meta,
        "progress_token": "p",
        "client_name": "c",
        "client_version": "2",
        "capabilities": {},
    }


def test_a_subscription_implies_a_read_of_everything_it_listens_to() -> None:
    notifications = {
        "toolsListChanged": True,
        "promptsListChanged": False,
        "resourcesListChanged": True,
        "resourceSubscriptions": ["file:///a", "file:///b"],
        "taskIds": ["k"],
    }
    found = call(
        rpc("subscriptions/listen", {"notifications": notifications, "_meta": META}),
        modern_lines("subscriptions/listen"),
    )
    assert found.attributes["tools_list_changed"] is True
    assert found.attributes["prompts_list_changed"] is False
    assert found.attributes["resources_list_changed"] is True
    assert found.attributes["resource_subscriptions"] == ["file:///a", "file:///b"]
    assert found.attributes["task_ids"] == ["k"]
    assert [(each.method, each.target) for each in found.implied] == [
        ("resources/read", "file:///a"),
        ("resources/read", "file:///b"),
        ("tasks/get", "k"),
    ]
    assert found.implied[0].attributes == {
        "method": "resources/read",
        "uri": "file:///a",
        "protocol_version": "2026-07-28",
        "capabilities": {},
        "meta": META,
    }


def test_too_many_subscriptions_are_refused() -> None:
    many = {"notifications": {"taskIds": ["k"] * (MAX_SUBSCRIPTIONS + 1)}, "_meta": META}
    found = refusal(rpc("subscriptions/listen", many), modern_lines("subscriptions/listen"))
    assert found.reason is Reason.INVALID_PARAMS


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tools/call", [1]),
        ("tools/call", "x"),
        ("tools/call", {}),
        ("tools/call", {"name": 0}),
        ("tools/call", {"name": None}),
        ("tools/call", {"name": "t", "arguments": []}),
        ("tools/call", {"name": "t", "arguments": {"owner": 1, "Owner": 2}}),
        ("tools/call", {"name": "t", "task": True}),
        ("tools/call", {"name": "t", "requestState": 1}),
        ("tools/call", {"name": "t", "inputResponses": "x"}),
        ("tools/call", {"name": "t", "_meta": []}),
        ("tools/call", {"name": "t", "_meta": {"progressToken": 1.5}}),
        ("tools/call", {"name": "t", "_meta": {"progressToken": True}}),
        ("prompts/get", {"name": "p", "arguments": {"a": 1}}),
        ("resources/read", {"uri": ["u"]}),
        ("tools/list", {"cursor": 1}),
        ("completion/complete", {"ref": "x", "argument": {"name": "a", "value": "b"}}),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt"}, "argument": {"name": "a", "value": "b"}},
        ),
        (
            "completion/complete",
            {"ref": {"type": "x", "name": "y"}, "argument": {"name": "a", "value": "b"}},
        ),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p"}}),
        ("logging/setLevel", {"level": 1}),
        ("tasks/get", {}),
        ("initialize", {"protocolVersion": 1}),
        ("initialize", {"protocolVersion": "2025-06-18", "clientInfo": "x"}),
        ("subscriptions/listen", {"notifications": {"taskIds": [1]}}),
        ("subscriptions/listen", {"notifications": {"toolsListChanged": 1}}),
    ],
)
def test_params_of_the_wrong_type_are_refused_with_the_id(method: str, params: Any) -> None:
    found = refusal(rpc(method, params, 2**60))
    assert (found.reason, found.ids) == (Reason.INVALID_PARAMS, (2**60,))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("notifications/progress", {"progressToken": {}}),
        ("notifications/progress", {"progressToken": 1, "progress": True}),
        ("notifications/progress", {"progressToken": 1, "progress": "x"}),
    ],
)
def test_notification_params_are_typed_too(method: str, params: Any) -> None:
    found = refusal(notify(method, params))
    assert (found.reason, found.ids) == (Reason.INVALID_PARAMS, ())


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({**CALL, "Name": "delete_repo"}, "name"),
        ({**CALL, "name\0": "x"}, "name"),
        ({**CALL, "ARGUMENTS": {}}, "arguments"),
        ({**CALL, "argument\u017f": {}}, "arguments"),
        ({**CALL, "ta\u017fk": {}}, "task"),
        ({**CALL, "tas\u212a": {}}, "task"),
        ({**CALL, "_Meta": {}}, "_meta"),
        ({**CALL, "_meta": {"ProgressToken": 1}}, "progressToken"),
        ({**CALL, "_meta": {"io.modelcontextprotocol/ProtocolVersion": 1}}, VERSION),
    ],
)
def test_a_key_that_folds_to_a_key_of_the_params_is_refused(
    params: dict[str, Any], key: str
) -> None:
    found = refusal(rpc("tools/call", params))
    assert (found.reason, found.ids) == (Reason.INVALID_PARAMS, (1,))
    assert key in found.message


@pytest.mark.parametrize(
    "message",
    [
        1,
        "x",
        None,
        {},
        {"jsonrpc": "2.0"},
        rpc("ping", jsonrpc="1.0"),
        rpc("ping", METHOD="tools/call"),
        rpc("ping", params=[], Params={}),
        {**rpc("ping"), "result": {}},
        {**rpc("ping"), "error": {}},
        rpc("ping", ident=None),
        rpc("ping", ident=1.0),
        rpc("ping", ident=1e3),
        rpc("ping", ident=True),
        rpc("ping", ident=[1]),
        {**rpc("ping"), "method": 1},
        {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}},
        {"jsonrpc": "2.0", "id": 1, "error": "x"},
        {"jsonrpc": "2.0", "id": None, "result": {}},
        {"jsonrpc": "2.0", "result": {}},
        notify("tools/call", CALL),
        notify("ping"),
        rpc("notifications/cancelled"),
        rpc("GET"),
        rpc("DELETE"),
        rpc("response"),
        rpc(""),
        rpc("tools/call\n"),
        rpc("t" * 129),
    ],
)
def test_what_is_not_exactly_one_message_is_refused(message: Any) -> None:
    assert refusal(message).reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("ident", [0, -1, 2**53 + 1, -(2**70), "", "é", "7"])
def test_the_exact_id_is_kept(ident: int | str) -> None:
    assert call(rpc("ping", ident=ident)).id == ident
    found = refusal(rpc("tools/call", {}, ident))
    assert found.ids == (ident,)
    assert type(found.ids[0]) is type(ident)
