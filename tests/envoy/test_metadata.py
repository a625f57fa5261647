"""What Envoy is told of a request, as its access log has it."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.envoy.foreign_stage import Stage, staged
from tests.support.messages import legacy, legacy_call, modern, modern_call

CHAT = {"model": "good", "messages": [{"role": "user", "content": "s3cret"}], "max_tokens": 77}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("metadata")) as started:
        yield started


def logged(
    stage: Stage, route: str, sent: dict[str, Any], listener: str = "limited"
) -> dict[str, Any]:
    """The line of the access log about a request."""
    mark = uuid.uuid4().hex
    answer = stage.post(listener, route, sent | {"headers": sent["headers"] | {"x-mark": mark}})
    assert answer.is_success, answer.text
    return stage.logged(mark)


def chat(**more: Any) -> dict[str, Any]:
    return {"json": CHAT | more, "headers": {}}


def test_the_log_has_decision_and_attributes_with_their_types(stage: Stage) -> None:
    sent = modern_call("echo", {"owner": "s3cret"}, ident="call-1")
    line = logged(stage, "tracker", sent)
    told = line["told"]
    (record,) = stage.gateway.wait_for_records(1, audit_id=told.pop("audit_id"))
    assert told == {
        "rpc_id": '"call-1"',
        "decision": "allow",
        "policy": "tracker",
        "rule": "allow",
        "principal": "key:tester",
        "principal_kind": "key",
        "route": "tracker",
        "backend": "tracker",
        "protocol": "mcp",
        "method": "tools/call",
        "target": "echo",
        "mcp": {
            "method": "tools/call",
            "kind": "request",
            "version": "2026-07-28",
            "name": "echo",
            "protocol_version": "2026-07-28",
        },
    }
    assert (record["policy"], record["rule"]) == (told["policy"], told["rule"])
    assert line["tool"] == "echo"
    assert "s3cret" not in str(line)


def test_numbers_flags_and_lists_stay_what_they_are(stage: Stage) -> None:
    line = logged(stage, "openai/chat/completions", chat(stream=False, temperature=0.5, n=2))
    told = line["told"]["llm"]
    assert (told["model"], told["max_tokens"], told["temperature"], told["n"]) == (
        "good",
        77,
        0.5,
        2,
    )
    assert told["stream"] is False
    assert told["roles"] == ["user"]
    assert line["max_tokens"] == 77
    assert "s3cret" not in str(line)


def test_on_a_route_in_mode_check_the_same_stands_in_the_namespace_of_ext_authz(
    stage: Stage,
) -> None:
    ways = [logged(stage, route, modern_call("echo")) for route in ("tracker", "checked")]
    streamed, checked = ways[0]["told"], ways[1]["checked"]
    assert ways[1]["told"] is None
    differs = {"audit_id", "route", "ext_authz_duration"}
    assert {k: v for k, v in checked.items() if k not in differs} == {
        k: v for k, v in streamed.items() if k not in differs
    }


def test_a_route_that_tells_nothing_still_tells_the_ids(stage: Stage) -> None:
    assert set(logged(stage, "silent", modern_call("echo"))["told"]) == {"audit_id", "rpc_id"}


def test_an_unjudged_pass_says_that_it_is_one(stage: Stage) -> None:
    told = logged(stage, "open", modern_call("echo"))["told"]
    assert told.pop("audit_id")
    assert told == {
        "decision": "unjudged",
        "route": "open",
        "backend": "tracker",
        "protocol": "unjudged",
    }


def test_a_batch_has_a_count_and_no_names(stage: Stage) -> None:
    one = legacy_call("echo")
    lines = one["headers"] | {"mcp-protocol-version": "2025-03-26"}
    both = {"json": [one["json"], one["json"] | {"id": 2}], "headers": lines}
    line = logged(stage, "tracker", both)
    told = line["told"]
    assert (told["method"], told["batch"]) == ("batch", 2)
    assert not {"mcp", "target", "rule", "rpc_id"} & set(told)
    assert line["native"] is None


def test_a_huge_request_makes_small_metadata(stage: Stage) -> None:
    tools = [{"type": "function", "function": {"name": f"{n}" * 60}} for n in range(900, 960)]
    told = logged(stage, "openai/chat/completions", chat(tools=tools, user="u" * 400))["told"]
    assert told["truncated"] is True
    assert len(told["llm"]["user"]) == 256
    assert len(str(told)) < 4096


NATIVE: dict[str, dict[str, Any]] = {
    "initialize": legacy(
        "initialize",
        {
            "protocolVersion": "2025-11-25",
            "capabilities": {"roots": {}},
            "clientInfo": {"name": "tester", "version": "1"},
        },
    ),
    "initialized": legacy("notifications/initialized", ident=None),
    "ping": legacy("ping", ident="seven"),
    "tools/list": legacy("tools/list"),
    "tools/call": legacy_call("echo", ident=2**53 + 1),
    "prompts/list": legacy("prompts/list"),
    "prompts/get": legacy("prompts/get", {"name": "a"}),
    "resources/list": legacy("resources/list"),
    "templates": legacy("resources/templates/list"),
    "resources/read": legacy("resources/read", {"uri": "file:///a?b=c#d"}),
    "subscribe": legacy("resources/subscribe", {"uri": "file:///a"}),
    "unsubscribe": legacy("resources/unsubscribe", {"uri": "file:///a"}),
    "complete prompt": legacy(
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": "v"}},
    ),
    "complete resource": legacy(
        "completion/complete",
        {
            "ref": {"type": "ref/resource", "uri": "file:///{a}"},
            "argument": {"name": "a", "value": ""},
        },
    ),
    "level": legacy("logging/setLevel", {"level": "info"}),
    "cancelled": legacy("notifications/cancelled", {"requestId": "7"}, ident=None),
    "progress": legacy(
        "notifications/progress", {"progressToken": "t", "progress": 0.5}, ident=None
    ),
    "roots changed": legacy("notifications/roots/list_changed", ident=None),
    "tasks/get": legacy("tasks/get", {"taskId": "t1"}),
    "tasks/list": legacy("tasks/list"),
    "tasks/result": legacy("tasks/result", {"taskId": "t1"}),
    "tasks/update": legacy("tasks/update", {"taskId": "t1"}),
    "tasks/cancel": legacy("tasks/cancel", {"taskId": "t1"}),
    "discover": modern("server/discover"),
    "modern call": modern_call("echo", {"a": "s3cret"}),
    "listen": modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
    "answer": legacy("tools/list") | {"json": {"jsonrpc": "2.0", "id": 3, "result": {}}},
}


@pytest.mark.parametrize("name", NATIVE)
def test_the_native_form_is_what_envoys_own_filter_says(stage: Stage, name: str) -> None:
    wanted = logged(stage, "open", NATIVE[name], "before")["native"]
    wanted.get("params", {}).pop("_meta", None)
    if not wanted.get("params", True):
        del wanted["params"]
    if name == "answer":
        del wanted["id"]  # that of the server's request, which policy does not read
    assert logged(stage, "tracker", NATIVE[name])["native"] == wanted


def test_the_native_form_says_nothing_of_requests_without_a_message(stage: Stage) -> None:
    mark = uuid.uuid4().hex
    lines = stage.session("limited") | {"x-mark": mark}
    assert httpx.get(stage.url("limited", "tracker"), headers=lines).status_code == 405
    line = stage.logged(mark)
    assert line["native"] is None
    assert line["told"]["mcp"]["kind"] == "listen"
