"""What Envoy's own MCP filter would say. (tests/envoy/test_metadata.py compares it with that.)"""

from typing import Any

import pytest

from gateway.model.call import Call, Kind
from gateway.pipeline.native_mcp import GROUPS, PARAM_LIMIT, PARAMS, described, group_of
from gateway.protocols.mcp.attributes import NOTIFICATIONS, REQUESTS, ROWS


def call(method: str = "tools/call", ident: int | str | None = 7, **attributes: Any) -> Call:
    kind = Kind.REQUEST if ident is not None else Kind.NOTIFICATION
    return Call("mcp", method, kind, ident, attributes=attributes)


def said(of: Call) -> dict[str, Any]:
    told = described(of)
    assert told is not None
    return told


def test_a_call_has_its_tool_and_group_and_no_arguments() -> None:
    assert said(call(name="echo", arguments={"a": "s3cret"}, meta={"b": "s3cret"})) == {
        "jsonrpc": "2.0",
        "method": "tools/call",
        "id": 7.0,
        "is_mcp_request": True,
        "status": "mcp_ok",
        "group": "tool",
        "params": {"name": "echo"},
    }


def test_nested_parameters_stand_where_the_protocol_has_them() -> None:
    asked = call("initialize", protocol_version="2025-11-25", client_name="c")
    assert said(asked)["params"] == {
        "protocolVersion": "2025-11-25",
        "clientInfo": {"name": "c"},
    }


def test_every_parameter_is_an_attribute_of_its_method() -> None:
    for method, params in PARAMS.items():
        carried = {one.name: one.path for one in ROWS[method]}
        assert {name: carried[name] for name, _ in params} == dict(params)


def test_every_group_is_that_of_a_known_method() -> None:
    assert set(GROUPS) <= {*REQUESTS, *NOTIFICATIONS}


@pytest.mark.parametrize(
    ("method", "group"),
    [
        ("notifications/cancelled", "notification"),
        ("notifications/initialized", "lifecycle"),
        ("acme/own", "unknown"),
        ("roots/list", "unknown"),
    ],
)
def test_other_methods_have_the_filters_groups(method: str, group: str) -> None:
    assert group_of(method) == group


@pytest.mark.parametrize("kind", [Kind.LISTEN, Kind.END])
def test_requests_without_a_message_are_not_described(kind: Kind) -> None:
    assert described(Call("mcp", "GET", kind)) is None


def test_an_answer_of_the_client_has_the_filters_name_for_it() -> None:
    told = said(Call("mcp", "response", Kind.ANSWER))
    assert (told["method"], told["group"]) == ("__jsonrpc_response", "unknown")


def test_what_is_too_long_is_left_out_whole_so_that_no_list_of_names_can_match_it() -> None:
    fits = said(call(name="x" * PARAM_LIMIT))
    assert "is_exceeding_limit" not in fits
    told = said(call(name="x" * (PARAM_LIMIT + 1)))
    assert told["is_exceeding_limit"] is True
    assert "params" not in told


@pytest.mark.parametrize("ident", ["x" * (PARAM_LIMIT + 1), 10**400, -(10**400)])
def test_an_id_that_cannot_be_told_is_left_out(ident: int | str) -> None:
    told = said(call(ident=ident, name="echo"))
    assert "id" not in told
    assert told["is_exceeding_limit"] is True
    assert told["params"] == {"name": "echo"}


def test_ids_have_the_filters_types() -> None:
    assert said(call(ident="7"))["id"] == "7"
    assert said(call(ident=2**53 + 1))["id"] == 2.0**53
    assert "id" not in said(call("notifications/initialized", None))
