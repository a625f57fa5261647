"""Filters of somebody else behind the gateway: what they can decide by, and what clients see."""

import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any, cast

import anthropic
import grpc
import grpc.aio
import httpx
import httpx2
import openai
import pytest
from a2a.helpers import new_url_message
from a2a.types import a2a_pb2_grpc
from a2a.types.a2a_pb2 import Role, SendMessageRequest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from tests.envoy.foreign_stage import BOB_KEY, GATEHOUSE, NATIVE, Stage, staged
from tests.support.gatehouse import KEY
from tests.support.messages import legacy, legacy_call, modern, modern_call

INNER = ("rbac", "ext_authz", "rate_limit", "go away", "inner reason", "html")
CHAT: dict[str, Any] = {"model": "good", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("foreign")) as started:
        yield started


def refused(
    answer: httpx.Response, code: int = -31403, ident: Any = 1, reason: str = "denied"
) -> bool:
    """Whether it is an answer in the form of JSON-RPC to the caller's own id, with the audit id
    and without a word of the filter that gave it."""
    body = answer.json()
    error = body["error"]
    assert not [word for word in INNER if word in answer.text.lower()], answer.text
    assert answer.headers["content-type"] == "application/json"
    assert error["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]
    assert error["data"]["reference"]
    found = (answer.status_code, body["id"], error["code"], error["data"]["reason"])
    assert found == (200, ident, code, reason)
    return True


# --- the published rules --------------------------------------------------------------------------

PUBLISHED = [
    (
        "initialize",
        legacy("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}),
        None,
    ),
    ("initialized", legacy("notifications/initialized", ident=None), None),
    ("tools/list", legacy("tools/list"), None),
    ("alice echo", legacy_call("echo", x_user="alice"), None),
    ("alice read", legacy_call("read_all", x_user="alice"), None),
    ("bob echo", legacy_call("echo", x_user="bob"), 1),
    ("alice delete", legacy_call("delete", x_user="alice"), 1),
    ("roots", legacy("roots/list"), 1),
    ("modern list", modern("tools/list"), None),
    ("modern discover", modern("server/discover"), None),
    ("modern echo", modern_call("echo", x_user="alice"), None),
    ("modern delete", modern_call("delete", x_user="alice", ident="nine"), "nine"),
]


@pytest.mark.parametrize(
    ("sent", "denied"), [row[1:] for row in PUBLISHED], ids=[row[0] for row in PUBLISHED]
)
def test_rules_published_for_envoys_own_filter_decide_the_same_behind_the_gateway(
    stage: Stage, sent: dict[str, Any], denied: Any
) -> None:
    stage.upstream.take()
    mark = uuid.uuid4().hex
    marked = sent | {"headers": sent["headers"] | {"x-mark": mark}}
    answer = stage.post("chain", "tracker", marked)
    arrived = stage.upstream.take()
    if denied is None:
        assert answer.is_success
        assert "error" not in answer.text
        assert len(arrived) == 1
    else:
        assert refused(answer, ident=denied)
        assert arrived == []
        assert stage.logged(mark)["details"].startswith(("rbac_access_denied", "gatehouse_denied"))


def test_a_name_that_is_no_string_ends_before_any_rule_could_misread_it(stage: Stage) -> None:
    sent = legacy("tools/call", {"name": ["delete"], "arguments": {}}, x_user="alice")
    assert stage.post("chain", "tracker", sent).json()["error"]["code"] == -32602


def test_what_the_published_rules_say_by_the_http_method_they_still_say(stage: Stage) -> None:
    lines, url = stage.session("chain"), stage.url("chain", "tracker")
    stage.upstream.take()
    assert httpx.get(url, headers=lines).status_code == 405
    assert httpx.delete(url, headers=lines).status_code == 204
    assert [one.method for one in stage.upstream.take()] == ["GET", "DELETE"]


@pytest.mark.parametrize("name", ["answer", "batch", "long"])
def test_what_has_no_one_name_passes_no_list_of_names(stage: Stage, name: str) -> None:
    sent = legacy_call("echo", x_user="alice")
    lines = sent["headers"] | {"mcp-protocol-version": "2025-03-26"}
    match name:
        case "answer":
            answer = stage.post(
                "chain", "tracker", sent | {"json": {"jsonrpc": "2.0", "id": 3, "result": {}}}
            )
        case "batch":
            both = [sent["json"], sent["json"] | {"id": 2}]
            answer = stage.post("chain", "tracker", {"json": both, "headers": lines})
        case _:
            assert refused(
                stage.post("chain", "tracker", legacy_call("read_" + "x" * 2000, x_user="alice"))
            )
            return
    body = answer.json()
    assert answer.status_code == 403
    assert "id" not in body
    assert body["error"]["code"] == -31403
    assert body["error"]["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_gets_a_foreign_refusal_as_an_error_of_its_call(
    stage: Stage, mode: Any
) -> None:
    lines = {"x-api-key": KEY, "x-user": "alice"}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(headers=lines, timeout=20))
        transport = streamable_http_client(stage.url("chain", "tracker"), http_client=http)
        client = await stack.enter_async_context(
            Client(transport, mode=mode, read_timeout_seconds=20)
        )
        await client.call_tool("echo", {})
        with pytest.raises(MCPError) as caught:
            await client.call_tool("delete", {})
    assert caught.value.error.code == -31403


# --- the gateway's own namespace ------------------------------------------------------------------


@pytest.mark.parametrize("route", ["tracker", "checked"])
def test_rbac_decides_by_principal_and_tool(stage: Stage, route: str) -> None:
    assert stage.post("own", route, modern_call("delete")).status_code == 200
    assert "result" in stage.post("own", route, modern_call("delete")).json()
    assert "result" in stage.post("own", route, modern_call("echo"), BOB_KEY).json()
    assert refused(
        stage.post("own", route, modern_call("delete", ident=2**60 + 1), BOB_KEY), ident=2**60 + 1
    )


def test_where_nothing_is_told_no_rule_can_match(stage: Stage) -> None:
    assert "result" in stage.post("own", "silent", modern_call("delete"), BOB_KEY).json()


@pytest.mark.parametrize("route", ["openai", "openai-check"])
def test_rbac_decides_by_numbers(stage: Stage, route: str) -> None:
    def asked(tokens: int, key: str) -> httpx.Response:
        return stage.post(
            "own", f"{route}/chat/completions", {"json": {**CHAT, "max_tokens": tokens}}, key
        )

    assert asked(10, BOB_KEY).status_code == asked(5000, KEY).status_code == 200
    denied = asked(5000, BOB_KEY)
    assert denied.status_code == 403
    assert denied.json()["error"]["code"] == "policy_denied"
    assert denied.json()["error"]["reference"] == denied.headers["x-gatehouse-audit-id"]


# --- a foreign ext_authz --------------------------------------------------------------------------


def test_a_foreign_ext_authz_sees_what_the_gateway_told(stage: Stage) -> None:
    stage.foreign.asked.clear()
    answer = stage.post(
        "asking", "tracker", modern_call("echo", {"secret": "s3cret-argument"}, ident=7)
    )
    assert "result" in answer.json()
    (told,) = stage.foreign.asked
    facts = told[GATEHOUSE]
    assert (facts["principal"], facts["decision"], facts["policy"]) == (
        "key:tester",
        "allow",
        "tracker",
    )
    assert facts["mcp"]["name"] == "echo"
    assert facts["rpc_id"] == "7"
    assert told[NATIVE]["params"] == {"name": "echo"}
    assert "s3cret" not in str(told)


@pytest.mark.parametrize(
    ("listener", "route"), [("asking", "tracker"), ("asking", "checked"), ("chain", "tracker")]
)
def test_what_a_foreign_ext_authz_denies_has_the_protocols_form(
    stage: Stage, listener: str, route: str
) -> None:
    stage.upstream.take()
    assert refused(stage.post(listener, route, modern_call("delete", x_user="alice")))
    assert stage.upstream.take() == []


def test_the_gateways_own_refusal_by_ext_authz_is_still_its_own(stage: Stage) -> None:
    answer = stage.post("asking", "checked", modern_call("echo"), "nobodys-key-0123456789")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] != "unauthenticated"
    assert answer.json()["error"]["data"]["reason"] == "unauthenticated"


# --- the forms of other protocols -----------------------------------------------------------------


def openai_client(stage: Stage, listener: str, route: str, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=stage.url(listener, route), api_key="unused", default_headers={"x-api-key": key}
    )


@pytest.mark.parametrize("route", ["openai", "openai-check"])
def test_an_openai_client_gets_a_permission_error(stage: Stage, route: str) -> None:
    with pytest.raises(openai.PermissionDeniedError) as caught:
        openai_client(stage, "asking", route).chat.completions.create(
            model="secret", messages=[{"role": "user", "content": "hi"}]
        )
    error = caught.value
    assert (error.type, error.code) == ("permission_error", "policy_denied")
    assert error.response.headers["x-should-retry"] == "false"
    assert error.response.headers["x-gatehouse-audit-id"] in error.response.text
    assert not [word for word in INNER if word in error.response.text]


@pytest.mark.parametrize("route", ["anthropic", "anthropic-check"])
def test_an_anthropic_client_gets_a_permission_error(stage: Stage, route: str) -> None:
    client = anthropic.Anthropic(base_url=stage.url("asking", route), api_key=KEY)
    with pytest.raises(anthropic.PermissionDeniedError) as caught:
        client.messages.create(
            model="secret", max_tokens=5, messages=[{"role": "user", "content": "hi"}]
        )
    body = caught.value.response.json()
    assert (body["type"], body["error"]["type"]) == ("error", "permission_error")
    assert body["request_id"] == caught.value.response.headers["x-gatehouse-audit-id"]


A2A = {"a2a-version": "1.0", "content-type": "application/json"}
MESSAGE = {"role": "ROLE_USER", "messageId": "m1", "parts": [{"url": "https://a.example/x"}]}


@pytest.mark.parametrize("route", ["a2a", "a2a-check"])
def test_an_agents_client_is_refused_in_its_binding(stage: Stage, route: str) -> None:
    rpc = {"jsonrpc": "2.0", "id": "r1", "method": "SendMessage", "params": {"message": MESSAGE}}
    assert refused(stage.post("own", route, {"json": rpc, "headers": A2A}), ident="r1")
    rest = stage.post(
        "own", f"{route}/message:send", {"json": {"message": MESSAGE}, "headers": A2A}
    )
    error = rest.json()["error"]
    assert (rest.status_code, error["code"], error["status"]) == (403, 403, "PERMISSION_DENIED")
    (info,) = error["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["reason"] == "DENIED"
    assert info["metadata"]["reference"] == rest.headers["x-gatehouse-audit-id"]


async def test_an_agents_client_over_grpc_gets_a_status_without_inner_reasons(
    stage: Stage,
) -> None:
    address = stage.url("own", "").removeprefix("http://").rstrip("/")
    message = new_url_message("https://a.example/x", media_type="text/plain", role=Role.ROLE_USER)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = cast("Any", a2a_pb2_grpc.A2AServiceStub)(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.SendMessage(
                SendMessageRequest(message=message),
                metadata=(("x-api-key", KEY), ("a2a-version", "1.0")),
                timeout=10,
            )
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert caught.value.details() == "refused"


def test_a_foreign_401_is_one_in_the_protocols_form(stage: Stage) -> None:
    cancel = stage.post("asking", "a2a/tasks/t1:cancel", {"json": {}, "headers": A2A})
    assert (cancel.status_code, cancel.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_an_agent_that_is_down_is_told_in_the_binding_of_the_caller(stage: Stage) -> None:
    rest = stage.post(
        "limited", "a2a-down/message:send", {"json": {"message": MESSAGE}, "headers": A2A}
    )
    assert (rest.status_code, rest.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert rest.json()["error"]["details"][0]["metadata"]["reference"]
    rpc = {"jsonrpc": "2.0", "id": 5, "method": "SendMessage", "params": {"message": MESSAGE}}
    answer = stage.post("limited", "a2a-down", {"json": rpc, "headers": A2A})
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (5, -31503)


# --- a rate limit ---------------------------------------------------------------------------------


def test_a_rate_limit_counts_by_principal_and_answers_in_the_protocols_form(stage: Stage) -> None:
    for key in (KEY, KEY, BOB_KEY):
        assert "result" in stage.post("limited", "tracker", modern_call("echo"), key).json()
    limited = stage.post("limited", "tracker", modern_call("echo"), BOB_KEY)
    assert refused(limited, code=-31429, reason="limited")
    assert limited.json()["error"]["data"]["retryAfterMs"] == 1000
    assert refused(
        stage.post("limited", "tracker", legacy_call("echo"), BOB_KEY), -31429, reason="limited"
    )
    client = openai_client(stage, "limited", "openai", BOB_KEY).with_options(max_retries=0)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="good", messages=[{"role": "user", "content": "hi"}])
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.code == "rate_limit_exceeded"
    assert "result" in stage.post("limited", "tracker", modern_call("echo")).json()
