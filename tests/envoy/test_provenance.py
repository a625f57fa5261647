"""Taints through the real Envoy: what an agent may do after it has read the open web."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gatehouse import KEY, Gateway, gatehouse, key_entry, policy
from tests.support.raw_backend import RawBackend, Reply, raw_backend
from tests.support.valkey import RealValkey, valkey
from tests.support.waiting import until

OTHER = "other-key-0123456789"
ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"page"}]}}'
CLEAN = policy(
    "mail",
    "mail",
    {
        "name": "clean-only",
        "effect": "allow",
        "tools": ["send"],
        "when": "!('open-web' in request.taints)",
    },
)
PROVENANCE = {
    "apiVersion": "gatehouse.dev/v1",
    "kind": "Provenance",
    "metadata": {"name": "open-web"},
    "spec": {
        "targets": [{"backend": "browser"}],
        "rules": [{"name": "pages", "tools": ["fetch*"]}],
    },
}


class Stage:
    """A gateway before a browser and a mailer, which both answer everything."""

    def __init__(self, gateway: Gateway, raw: RawBackend, server: RealValkey | None) -> None:
        self.gateway = gateway
        self.raw = raw
        self.server = server

    def call(self, backend: str, tool: str, session: str = "", key: str = KEY) -> httpx.Response:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": {}, "_meta": META},
        }
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call",
            "mcp-name": tool,
            "x-api-key": key,
            **({"x-session-id": session} if session else {}),
        }
        url = self.gateway.url(backend)
        return httpx.post(url, json=body, headers=headers, timeout=30)

    def sent(self, session: str = "", key: str = KEY) -> bool:
        """Whether mail can be sent."""
        self.raw.seen.clear()
        answer = self.call("mail", "send", session, key)
        refused = "error" in answer.json()
        assert refused is (self.raw.seen == [])
        return not refused


META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def _stage(folder: Path, stack: ExitStack, server: RealValkey | None) -> Stage:
    raw = stack.enter_context(
        raw_backend(lambda _: Reply(200, [("content-type", "application/json")], [ANSWER]))
    )
    url = f"http://{raw.address}/mcp"
    keys = [key_entry("tester", KEY), key_entry("other", OTHER)]
    state: dict[str, Any] = {"state": server.url} if server is not None else {}
    gateway = stack.enter_context(
        gatehouse(
            folder,
            backends={"browser": [url], "mail": [url]},
            policies=[
                policy("browse", "browser", {"name": "all", "effect": "allow", "tools": ["*"]}),
                CLEAN,
                PROVENANCE,
            ],
            identity={"keys": keys},
            workers=2 if server is not None else 1,
            **state,
        )
    )
    return Stage(gateway, raw, server)


@pytest.fixture(params=["memory", "shared"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        server = stack.enter_context(valkey()) if request.param == "shared" else None
        yield _stage(tmp_path, stack, server)


def test_what_reads_the_open_web_cannot_send_mail_any_more(stage: Stage) -> None:
    assert stage.sent("one")
    assert "result" in stage.call("browser", "fetch_page", "one").json()
    assert not any(stage.sent("one") for _ in range(8))  # whichever worker judges
    assert stage.sent("two")
    assert stage.sent("one", OTHER)
    records = stage.gateway.wait_for_records(1, target="fetch_page")
    assert records[0]["taints"] == ["open-web"]


def test_a_tool_that_is_not_named_taints_nothing(stage: Stage) -> None:
    assert "result" in stage.call("browser", "history", "one").json()
    assert stage.sent("one")


def test_without_a_session_the_principal_is_tainted(stage: Stage) -> None:
    stage.call("browser", "fetch_page")
    assert not stage.sent()
    assert not stage.sent("any")
    assert stage.sent(key=OTHER)


def test_to_name_no_session_cleans_nobody(stage: Stage) -> None:
    stage.call("browser", "fetch_page", "one")
    assert not stage.sent()
    assert stage.sent("two")
    assert stage.sent(key=OTHER)


def test_state_that_is_gone_counts_as_tainted_and_lets_no_result_pass(tmp_path: Path) -> None:
    with ExitStack() as stack, valkey() as server:
        stage = _stage(tmp_path, stack, server)
        assert stage.sent("one")
        server.kill()
        assert not stage.sent("one")
        stage.raw.seen.clear()
        assert "error" in stage.call("browser", "fetch_page", "one").json()
        assert stage.raw.seen == []
        assert "result" in stage.call("browser", "history", "one").json()


def test_state_that_says_nothing_counts_as_tainted_and_lets_no_result_pass(tmp_path: Path) -> None:
    with ExitStack() as stack, valkey() as server:
        stage = _stage(tmp_path, stack, server)
        assert stage.sent("one")
        server.freeze()
        try:
            assert not stage.sent("one")
            stage.raw.seen.clear()
            assert "error" in stage.call("browser", "fetch_page", "one").json()
            assert stage.raw.seen == []
        finally:
            server.thaw()
        until(lambda: stage.sent("two"))  # what was written to "one" may have come in the end
