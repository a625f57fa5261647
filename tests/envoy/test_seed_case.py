"""The case that the project began with: a triage agent, known by its certificate, reads issues.

The shipped policies/ as they are, the demo's issue tracker, real mTLS, the official client.
"""

import ssl
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from tests.support.certificates import Authority
from tests.support.gatehouse import Gateway, gatehouse, gateway_config
from tests.support.ports import free_port
from tests.support.processes import ROOT, running
from tests.support.tls import client_context

TRIAGE_AGENT = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"
NEIGHBOUR = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent-2"
OTHER_DOMAIN = "spiffe://cluster.example/ns/github-agents/sa/issue-triage-agent"
READS = ["list_issues", "get_issue", "get_issue_comments"]
WEBSITE = {"owner": "acme", "repo": "website"}
MODES = ["legacy", "auto"]


@dataclass(frozen=True)
class Stage:
    """The gateway on one mTLS listener, and the authority of its clients."""

    gateway: Gateway
    authority: Authority

    def identity(self, *uris: str) -> ssl.SSLContext:
        """The TLS context of a client with such a certificate."""
        return client_context(self.authority.ca, self.authority.client(*uris))

    @asynccontextmanager
    async def client(self, spiffe_id: str, mode: str) -> AsyncGenerator[Client]:
        """The official client, with the certificate of a workload."""
        context = self.identity(spiffe_id)
        async with httpx2.AsyncClient(verify=context, trust_env=False, timeout=20) as http:
            transport = streamable_http_client(self.gateway.url("tracker"), http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=20) as client:
                yield client


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("seed")
    authority = Authority(folder)
    server = authority.server("127.0.0.1")
    tls = {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "client_ca": str(authority.ca),
    }
    listeners = [
        {"name": "agents", "port": free_port(), "tls": tls, "identity": {"accept": ["spiffe"]}}
    ]
    tracker = [sys.executable, "-m", "demo.tracker", "--port", "0"]
    with running(tracker) as process:
        url = process.wait_for_line(r"^ready (\S+)")[1]
        config = gateway_config(
            {"tracker": [url]},
            folder / "gateway",
            listeners=listeners,
            policies=str(ROOT / "policies"),
        )
        others = ("models", "messages", "triage")  # the shipped policies speak of them as well
        config["backends"] += [{"name": name, "endpoints": ["127.0.0.1:1"]} for name in others]
        with gatehouse(folder / "gateway", config=config) as gateway:
            yield Stage(gateway, authority)


async def refusal(client: Client, tool: str, arguments: dict[str, Any]) -> MCPError:
    with pytest.raises(MCPError) as refused:
        await client.call_tool(tool, arguments)
    return refused.value


@pytest.mark.parametrize("mode", MODES)
async def test_the_triage_agent_reads_issues(stage: Stage, mode: str) -> None:
    async with stage.client(TRIAGE_AGENT, mode) as client:
        listed = await client.call_tool("list_issues", WEBSITE)
        issue = await client.call_tool("get_issue", {**WEBSITE, "number": 1})
        comments = await client.call_tool("get_issue_comments", {**WEBSITE, "number": 1})
    assert not any(result.is_error for result in (listed, issue, comments))
    assert issue.structured_content is not None
    assert issue.structured_content["number"] == 1
    wanted = {"principal": TRIAGE_AGENT, "policy": "issue-triage", "rule": "read-issues"}
    for tool in READS:
        assert stage.gateway.wait_for_records(1, target=tool, decision="allow", **wanted)


@pytest.mark.parametrize("mode", MODES)
async def test_the_triage_agent_may_do_nothing_else(stage: Stage, mode: str) -> None:
    title = f"opened by {mode}"
    attempts = {
        "create_issue": {**WEBSITE, "title": title, "body": "b"},
        "delete_repo": WEBSITE,
        "whoami": {},
        "no_such_tool": {},
        "List_issues": WEBSITE,
        "get_issue ": {**WEBSITE, "number": 1},
    }
    async with stage.client(TRIAGE_AGENT, mode) as client:
        for tool, arguments in attempts.items():
            error = (await refusal(client, tool, arguments)).error
            assert error.code == -31403, tool
            assert error.data["reason"] == "denied"
            assert stage.gateway.wait_for_records(
                1, audit_id=error.data["reference"], decision="refuse", principal=TRIAGE_AGENT
            )
        with pytest.raises(MCPError):
            await client.read_resource("tracker://repositories")
        with pytest.raises(MCPError):
            await client.get_prompt("triage_issue", {**WEBSITE, "number": "1"})
        kept = await client.call_tool("list_issues", {**WEBSITE, "state": "all"})
    assert not kept.is_error
    assert kept.structured_content is not None
    assert kept.structured_content["result"]
    assert title not in str(kept)


@pytest.mark.parametrize("mode", MODES)
async def test_the_triage_agent_is_shown_what_it_may_use(stage: Stage, mode: str) -> None:
    async with stage.client(TRIAGE_AGENT, mode) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        prompts = (await client.list_prompts()).prompts
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
    assert tools == READS
    assert (prompts, resources, templates) == ([], [], [])


@pytest.mark.parametrize("somebody", [NEIGHBOUR, OTHER_DOMAIN])
@pytest.mark.parametrize("mode", MODES)
async def test_a_similar_name_is_somebody_else(stage: Stage, mode: str, somebody: str) -> None:
    with pytest.raises(BaseExceptionGroup) as failed:
        async with stage.client(somebody, mode):
            pass
    errors = failed.value.subgroup(MCPError)
    assert errors is not None
    assert "-31403" in repr(errors)
    assert stage.gateway.wait_for_records(1, principal=somebody, decision="refuse")
    allowed = [one for one in stage.gateway.records() if one["decision"] == "allow"]
    assert {one["principal"] for one in allowed} <= {TRIAGE_AGENT}


async def test_a_certificate_of_another_authority_opens_no_connection(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "Another CA")
    context = client_context(stage.authority.ca, stranger.client(TRIAGE_AGENT))
    async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
        with pytest.raises((httpx2.TransportError, ssl.SSLError)):
            await http.post(stage.gateway.url("tracker"), json={})
