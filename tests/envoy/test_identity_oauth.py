"""What an OAuth-aware client learns from refusals: where tokens come from, and which scopes do."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import TokenStorage
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from tests.support.echo import Echo, echo
from tests.support.gatehouse import Gateway, gatehouse, policy
from tests.support.messages import modern, modern_call
from tests.support.ports import free_port
from tests.support.token_issuer import TokenIssuer, token_issuer

READ, WRITE, COMMENT, ADMIN = "issues:read", "issues:write", "issues:comment", "repo:admin"


@dataclass
class Memory(TokenStorage):
    """Tokens of one run."""

    tokens: OAuthToken | None = None
    info: OAuthClientInformationFull | None = None
    history: list[str | None] = field(default_factory=list[str | None])

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.history.append(tokens.scope)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.info = client_info


@dataclass(frozen=True)
class Stage:
    """A gateway whose route names READ as its scope, its upstream and its token issuer."""

    gateway: Gateway
    upstream: Echo
    issuer: TokenIssuer

    @property
    def url(self) -> str:
        return self.gateway.url("tracker")

    @property
    def metadata_url(self) -> str:
        return self.url.replace("/tracker", "/.well-known/oauth-protected-resource/tracker")

    def call(self, tool: str, *scopes: str, **arguments: Any) -> httpx.Response:
        token = self.issuer.token(self.url, "agent", scope=" ".join(scopes))
        request = modern_call(tool, arguments, authorization=f"Bearer {token}")
        return httpx.post(self.url, **request)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("oauth")
    port = free_port()
    url = f"http://127.0.0.1:{port}/tracker"
    rules: list[dict[str, Any]] = [
        {"name": "read", "tools": ["list_issues"], "scopes": [READ]},
        {"name": "write", "tools": ["create_issue"], "scopes": [READ, WRITE]},
        {"name": "administrate", "tools": ["*"], "scopes": [ADMIN, READ, WRITE]},
        {
            "name": "comment",
            "tools": ["create_issue"],
            "scopes": [COMMENT],
            "when": 'mcp.arguments.kind == "comment"',
        },
        {"name": "resources", "resources": ["tracker://a"], "scopes": [READ]},
        {"name": "others", "resources": ["tracker://b"], "scopes": [COMMENT]},
        {"name": "listen", "methods": ["subscriptions/listen"]},
        {"name": "whoami", "tools": ["whoami"]},
    ]
    with (
        echo() as upstream,
        token_issuer() as issuer,
        gatehouse(
            folder,
            backends={"tracker": [upstream.url]},
            policies=[
                policy("scopes", "tracker", *({**rule, "effect": "allow"} for rule in rules))
            ],
            listeners=[{"name": "users", "port": port, "identity": {"accept": ["jwt"]}}],
            routes=[
                {
                    "name": "tracker",
                    "path": "/tracker",
                    "protocol": "mcp",
                    "backend": "tracker",
                    "scopes": [READ],
                }
            ],
            identity={
                "jwt": [{"issuer": issuer.issuer, "audiences": [url], "jwks_url": issuer.jwks_url}],
                "authorization_servers": [issuer.issuer],
            },
        ) as gateway,
    ):
        yield Stage(gateway, upstream, issuer)


def test_the_routes_metadata_is_served_by_the_gateway(stage: Stage) -> None:
    stage.upstream.take()
    answer = httpx.get(stage.metadata_url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "resource": stage.url,
        "authorization_servers": [stage.issuer.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [READ],
    }
    record = stage.gateway.wait_for_records(1, audit_id=answer.headers["x-gatehouse-audit-id"])[0]
    assert (record["decision"], record["status"]) == ("served", 200)
    assert stage.upstream.take() == []


@pytest.mark.parametrize("path", ["", "/other", "/tracker/more"])
def test_what_is_no_route_has_no_metadata(stage: Stage, path: str) -> None:
    answer = httpx.get(stage.metadata_url.replace("/tracker", path))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"


def test_the_metadata_never_leads_to_the_upstream(stage: Stage) -> None:
    stage.upstream.take()
    for method in ("POST", "DELETE", "PUT"):
        answer = httpx.request(method, stage.metadata_url, content=b"{}")
        assert answer.status_code in (200, 405)
    assert stage.upstream.take() == []


def test_a_call_without_a_token_is_told_where_to_get_one_and_for_what(stage: Stage) -> None:
    answer = httpx.post(stage.url, **modern_call("list_issues"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer resource_metadata="{stage.metadata_url}", scope="{READ}"'
    )


@pytest.mark.parametrize(
    ("held", "arguments", "named"),
    [
        ((READ,), {}, f"{READ} {WRITE}"),  # what it has is named too: a client asks for all of it
        ((WRITE,), {}, f"{READ} {WRITE}"),
        ((), {}, f"{READ} {WRITE}"),
        ((), {"kind": "comment"}, COMMENT),  # the smallest set that would do for this very call
        ((READ, ADMIN), {}, f"{READ} {WRITE}"),
    ],
)
def test_a_step_up_names_every_scope_that_the_operation_needs_and_no_more(
    stage: Stage, held: tuple[str, ...], arguments: dict[str, Any], named: str
) -> None:
    stage.upstream.take()
    answer = stage.call("create_issue", *held, **arguments)
    assert answer.status_code == 403
    assert (answer.json()["error"]["code"], answer.json()["id"]) == (-31403, 1)
    assert answer.json()["error"]["data"]["reason"] == "missing_scope"
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="insufficient_scope", scope="{named}", '
        f'resource_metadata="{stage.metadata_url}"'
    )
    assert stage.upstream.take() == []
    assert "result" in stage.call("create_issue", *named.split(), **arguments).json()


def test_where_no_scope_would_help_there_is_no_challenge(stage: Stage) -> None:
    token = stage.issuer.token(stage.url, scope=f"{READ} {WRITE} {ADMIN}")
    request = modern("prompts/get", {"name": "p"}, name="p", authorization=f"Bearer {token}")
    answer = httpx.post(stage.url, **request)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, -31403)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("held", ["openid", READ, COMMENT])
def test_one_challenge_names_the_scopes_of_everything_that_a_message_does(
    stage: Stage, held: str
) -> None:
    """Subscribing to two resources reads both; with two challenges a client that asks for what
    the last one names would go to and fro for ever."""
    params = {"notifications": {"resourceSubscriptions": ["tracker://a", "tracker://b"]}}
    token = stage.issuer.token(stage.url, scope=held)
    request = modern("subscriptions/listen", params, authorization=f"Bearer {token}")
    answer = httpx.post(stage.url, **request)
    assert answer.status_code == 403
    assert f'scope="{COMMENT} {READ}"' in answer.headers["www-authenticate"]


@asynccontextmanager
async def oauth_client(stage: Stage, memory: Memory) -> AsyncGenerator[Client]:
    auth = ClientCredentialsOAuthProvider(
        stage.url, memory, "agent", "agents-own-secret", issuer=stage.issuer.issuer
    )
    async with httpx2.AsyncClient(auth=auth, trust_env=False, timeout=20) as http:
        transport = streamable_http_client(stage.url, http_client=http)
        async with Client(transport, mode="legacy") as client:
            yield client


async def test_a_client_gets_a_token_and_steps_up_by_what_the_gateway_tells_it(
    stage: Stage,
) -> None:
    stage.upstream.take()
    stage.issuer.grants.clear()
    memory = Memory()
    async with oauth_client(stage, memory) as client:
        await client.call_tool("list_issues", {})
        assert memory.history == [READ]
        await client.call_tool("create_issue", {})
    assert memory.history == [READ, f"{READ} {WRITE}"]
    assert [grant["resource"] for grant in stage.issuer.grants] == [stage.url, stage.url]
    tools = [seen.body for seen in stage.upstream.take() if b"tools/call" in seen.body]
    assert len(tools) == 2
