"""The whole path: a real client, the real Envoy, the service, a real MCP server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.backends import Backend, python_backend
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse

MODERN = "2026-07-28"
META: dict[str, object] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with python_backend(tmp_path_factory.mktemp("backend"), "a") as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    policies = [allow(tools=["echo", "whoami"])]
    with gatehouse(folder, backends={"tracker": [backend.url]}, policies=policies) as started:
        yield started


def call_tool(gateway: Gateway, name: str, ident: int | str, **headers: str) -> httpx.Response:
    body: dict[str, object] = {
        "jsonrpc": "2.0",
        "id": ident,
        "method": "tools/call",
        "params": {"name": name, "arguments": {"text": "hi"}, "_meta": META},
    }
    return httpx.post(
        gateway.url("tracker"),
        json=body,
        headers={
            "x-api-key": KEY,
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": MODERN,
            "mcp-method": "tools/call",
            "mcp-name": name,
            **headers,
        },
    )


def test_an_allowed_call_reaches_the_backend(gateway: Gateway, backend: Backend) -> None:
    backend.forget()
    answer = call_tool(gateway, "echo", 7)
    assert answer.status_code == 200
    assert answer.json()["id"] == 7
    assert [call.name for call in backend.calls()] == ["echo"]


def test_a_refused_call_is_answered_with_its_exact_id(gateway: Gateway, backend: Backend) -> None:
    backend.forget()
    answer = call_tool(gateway, "delete", 9007199254740993)
    assert answer.status_code == 200
    assert '"id":9007199254740993' in answer.text
    error = answer.json()["error"]
    assert error["code"] == -31403
    assert error["data"]["reason"] == "denied"
    assert error["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]
    assert backend.calls() == []


def test_every_request_has_one_record(gateway: Gateway) -> None:
    allowed = call_tool(gateway, "whoami", "first")
    refused = call_tool(gateway, "delete", "second")
    assert allowed.status_code == refused.status_code == 200
    (record,) = gateway.wait_for_records(1, audit_id=refused.headers["x-gatehouse-audit-id"])
    assert record["decision"] == "refuse"
    assert record["principal"] == "key:tester"
    assert (record["method"], record["target"]) == ("tools/call", "delete")
    assert record["snapshot"] == 1
    (passed,) = gateway.wait_for_records(1, target="whoami")
    assert (passed["decision"], passed["policy"], passed["rule"]) == ("allow", "allow-all", "allow")


def test_a_wrong_key_is_refused_and_told_so(gateway: Gateway, backend: Backend) -> None:
    backend.forget()
    answer = call_tool(gateway, "echo", 1, **{"x-api-key": "guess"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == -31401
    assert "www-authenticate" in answer.headers
    assert backend.calls() == []


def test_a_failed_backend_is_answered_with_the_id_of_the_caller(
    tmp_path: Path, backend: Backend
) -> None:
    gone = backend.url.replace(str(backend.port), "1")
    with gatehouse(tmp_path, backends={"tracker": [gone]}, policies=[allow()]) as gateway:
        answer = call_tool(gateway, "echo", 'quo"te\u2028')
    assert answer.status_code == 200
    assert answer.json()["id"] == 'quo"te\u2028'
    assert answer.json()["error"]["code"] == -31503
    assert answer.json()["error"]["data"]["reference"] == answer.headers["x-gatehouse-audit-id"]
