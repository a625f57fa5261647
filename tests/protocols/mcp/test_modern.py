"""Requests of 2026-07-28 describe themselves, and headers and body agree."""

from typing import Any

import pytest

from gateway.model.call import Kind
from gateway.model.refusal import Reason, Refusal
from tests.protocols.mcp.clients import (
    CALL,
    CAPABILITIES,
    JSON,
    META,
    SESSION,
    VERSION,
    Lines,
    batching,
    call,
    modern_lines,
    notify,
    refusal,
    rpc,
)


def modern(
    method: str = "tools/call", *, params: Any = CALL, meta: Any = META, lines: Lines
) -> Refusal:
    return refusal(rpc(method, {**params, "_meta": meta}), lines)


@pytest.mark.parametrize("meta", [{}, {VERSION: "2026-07-28"}, {CAPABILITIES: {}}, [], None])
def test_a_modern_request_without_required_meta_is_refused(meta: Any) -> None:
    found = modern(meta=meta, lines=modern_lines("tools/call", "get_issue"))
    assert (found.reason, found.ids) == (Reason.INVALID_PARAMS, (1,))


@pytest.mark.parametrize(
    "lines",
    [
        modern_lines("tools/list", "get_issue"),
        modern_lines("TOOLS/CALL", "get_issue"),
        modern_lines("tools/call", "Get_issue"),
        modern_lines("tools/call"),
        modern_lines("tools/call", "=?base64?Z2V0X2lzc3Vl"),
        modern_lines("tools/call", "=?BASE64?Z2V0X2lzc3Vl?="),
        modern_lines("tools/call", "=?base64?Z2V0X2lzc3V?="),
        modern_lines("tools/call", "=?base64?Z2V0X2lzc3Vl?= x"),
        modern_lines("tools/call", "=?base64?////?="),
        (*JSON, ("mcp-protocol-version", "2026-07-28"), ("mcp-name", "get_issue")),
        (*modern_lines("tools/call", "get_issue"), ("mcp-name", "get_issue")),
        (*modern_lines("tools/call", "get_issue"), ("mcp-method", "tools/call")),
        (*modern_lines("tools/call", "get_issue"), ("mcp-protocol-version", "2026-07-28")),
        (*modern_lines("tools/call", "get_issue"), ("mcp-param-x", "1"), ("mcp-param-x", "2")),
        (*modern_lines("tools/call", "get_issue"), ("content-type", "application/json")),
        (*modern_lines("tools/call", "get_issue"), ("authorization", "a"), ("authorization", "b")),
    ],
)
def test_headers_that_disagree_with_a_modern_message_are_refused(lines: Lines) -> None:
    found = modern(lines=lines)
    assert (found.reason, found.ids) == (Reason.HEADER_MISMATCH, (1,))


@pytest.mark.parametrize("name", ["get_issue", " get_issue\t", "=?base64?Z2V0X2lzc3Vl?="])
def test_headers_that_agree_pass(name: str) -> None:
    lines = (*modern_lines("tools/call", name), ("mcp-param-number", "7"))
    assert call(rpc("tools/call", {**CALL, "_meta": META}), lines).target == "get_issue"


def test_a_name_outside_of_ascii_is_compared_decoded() -> None:
    params = {"uri": "file:///é", "_meta": META}
    lines = modern_lines("resources/read", "=?base64?ZmlsZTovLy/DqQ==?=")
    assert call(rpc("resources/read", params), lines).target == "file:///é"
    literal = modern_lines("resources/read", "file:///é")
    assert refusal(rpc("resources/read", params), literal).reason is Reason.HEADER_MISMATCH


def test_a_task_method_may_omit_the_name_header_and_may_not_contradict_it() -> None:
    message = rpc("tasks/get", {"taskId": "k", "_meta": META})
    assert call(message, modern_lines("tasks/get")).target == "k"
    assert refusal(message, modern_lines("tasks/get", "j")).reason is Reason.HEADER_MISMATCH


@pytest.mark.parametrize("version", [(), (("mcp-protocol-version", "2025-11-25"),)])
def test_a_modern_body_on_the_legacy_path_is_a_mismatch(version: Lines) -> None:
    found = modern(lines=(*JSON, *version))
    assert (found.reason, found.ids) == (Reason.HEADER_MISMATCH, (1,))


@pytest.mark.parametrize("lines", [(("mcp-name", "harmless"),), (("mcp-method", "tools/list"),)])
def test_lying_routing_headers_are_refused_on_the_legacy_path_too(lines: Lines) -> None:
    found = refusal(rpc("tools/call", CALL), (*JSON, *SESSION, *lines))
    assert found.reason is Reason.HEADER_MISMATCH


def test_an_unsupported_version_is_told_what_is_supported() -> None:
    lines = (*JSON, ("mcp-protocol-version", "v999"), ("mcp-method", "server/discover"))
    found = modern("server/discover", params={}, meta={**META, VERSION: "v999"}, lines=lines)
    assert (found.reason, found.ids) == (Reason.UNSUPPORTED_VERSION, (1,))
    assert found.data == {"supported": ["2026-07-28"], "requested": "v999"}


def test_a_version_in_the_body_that_differs_from_the_header_is_a_mismatch() -> None:
    lines = modern_lines("server/discover")
    found = modern("server/discover", params={}, meta={**META, VERSION: "v999"}, lines=lines)
    assert found.reason is Reason.HEADER_MISMATCH


@pytest.mark.parametrize(
    "method",
    [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "tasks/list",
        "unknown/method",
    ],
)
def test_methods_that_the_modern_revision_lacks_are_unknown(method: str) -> None:
    found = modern(method, params={}, lines=modern_lines(method))
    assert (found.reason, found.ids) == (Reason.UNKNOWN_METHOD, (1,))


def test_a_modern_notification_needs_no_meta_and_no_routing_headers() -> None:
    lines = modern_lines("notifications/cancelled")[:-1]
    found = call(notify("notifications/cancelled", {"requestId": "a"}), lines)
    assert (found.kind, found.attributes["request_id"]) == (Kind.NOTIFICATION, "a")


def test_a_modern_notification_of_an_unsupported_version_is_refused() -> None:
    lines = (*JSON, ("mcp-protocol-version", "v999"))
    found = refusal(notify("notifications/cancelled", {}), lines)
    assert (found.reason, found.ids) == (Reason.UNSUPPORTED_VERSION, ())


@pytest.mark.parametrize(
    "message", [{"jsonrpc": "2.0", "id": 1, "result": {}}, [rpc("ping")], notify("tools/list")]
)
def test_the_modern_revision_takes_no_answers_batches_or_requests_without_id(message: Any) -> None:
    found = refusal(message, modern_lines("tools/list"), batching)
    assert (found.reason, found.ids) == (Reason.INVALID_REQUEST, ())
