"""Servers elsewhere by their `url`: what reaches them, and that nothing else reaches anything.

Their names are localhost here, which a `url` leads to only with `private: true`.
"""

import contextlib
import json
import re
import socket
import ssl
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.envoy.example import run, surroundings
from tests.support.certificates import Authority, Pair
from tests.support.echo import Echo, Seen, echo
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config
from tests.support.messages import legacy, modern_call
from tests.support.tls import server_context
from tests.support.traffic import result_of
from tests.support.wire import connected, request

OWN = "Bearer upstream-secret-4711"
OWN_KEY = "upstream-key-0815"
METADATA_HOST = "169.254.169.254"
INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "c", "version": "1"},
}
OF_CLIENTS = {
    "authorization": "Bearer client-secret-1",
    "cookie": "session=client-secret-2",
    "forwarded": "for=10.1.2.3",
    "x-forwarded-for": "10.1.2.3",
    "x-forwarded-host": "inside.example",
    "x-real-ip": "10.1.2.3",
}
UNREACHABLE = ("wrong-name", "wrong-authority", "expired", "rebound")


@dataclass
class Elsewhere:
    """An upstream with TLS that keeps what it gets, and the names that clients asked for (SNI)."""

    upstream: Echo
    asked: list[str | None] = field(default_factory=list[str | None])

    def url(self, path: str) -> str:
        return f"https://localhost:{urlsplit(self.upstream.url).port}{path}"

    @property
    def authority(self) -> str:
        return f"localhost:{urlsplit(self.upstream.url).port}"


@contextlib.contextmanager
def elsewhere(pair: Pair) -> Generator[Elsewhere]:
    """The upstream for the length of the block."""
    asked: list[str | None] = []

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked.append(name)

    context = server_context(pair)
    context.sni_callback = note
    with echo(tls=context) as upstream:
        yield Elsewhere(upstream, asked)


@dataclass(frozen=True)
class Stage:
    """A gateway whose every backend is a `url`. `tools` and `models` are right; the others lead to
    a server with a wrong certificate, or, `rebound`, to an address that is not public."""

    gateway: Gateway
    right: Elsewhere
    wrong: dict[str, Elsewhere]

    def call(self, route: str, **headers: str) -> httpx.Response:
        """A tool call with all that a client can think of."""
        sent = modern_call("echo")
        sent["headers"] |= OF_CLIENTS | {"x-api-key": KEY, "x-unrelated": "kept"} | headers
        return httpx.post(self.gateway.url(route), **sent)

    def chat(self, path: str) -> httpx.Response:
        return httpx.post(
            self.gateway.url("models") + path,
            json={"model": "small", "messages": [{"role": "user", "content": "hi"}]},
            headers=OF_CLIENTS | {"x-api-key": KEY},
        )

    def sent_anywhere(self) -> int:
        """How many connections Envoy has opened to upstreams so far."""
        stats = f"http://{self.gateway.config['service']['envoy_admin']}/stats"
        text = httpx.get(stats, params={"filter": r"^cluster\..*upstream_cx_total$"}).text
        counts = dict(re.findall(r"^cluster\.(.*)\.upstream_cx_total: (\d+)$", text, re.MULTILINE))
        assert set(counts) == {"gatehouse_workers", "tools", "models", *UNREACHABLE}
        return sum(int(count) for name, count in counts.items() if name != "gatehouse_workers")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("egress")
    (folder / "other").mkdir()
    authority, other = Authority(folder), Authority(folder / "other", "Another CA")
    with (
        elsewhere(authority.server("localhost")) as right,
        elsewhere(authority.server("other.example", "127.0.0.1")) as name,
        elsewhere(other.server("localhost")) as signer,
        elsewhere(authority.server("localhost", expired=True)) as expired,
    ):
        wrong = {"wrong-name": name, "wrong-authority": signer, "expired": expired}
        backends = [
            backend("tools", right.url("/api/mcp"), authority, auth={"value": OWN}),
            backend(
                "models",
                right.url("/v1"),
                authority,
                auth={"header": "x-api-key", "value": OWN_KEY},
            ),
            *(backend(key, one.url("/mcp"), authority) for key, one in wrong.items()),
            backend("rebound", right.url("/mcp"), authority, private=False),
        ]
        with gatehouse(
            folder / "gateway",
            config=config(folder / "gateway", backends),
            policies=[
                *(allow(name, name, tools=["echo"]) for name in ("tools", *UNREACHABLE)),
                allow("chat", "models", models=["small"]),
            ],
        ) as gateway:
            yield Stage(gateway, right, wrong)


def backend(name: str, url: str, authority: Authority, **members: Any) -> dict[str, Any]:
    tls = {"ca": str(authority.ca)}
    return {"name": name, "url": url, "tls": tls, "private": True, "health_interval": 0.5} | members


def config(folder: Path, backends: list[dict[str, Any]]) -> dict[str, Any]:
    names = {one["name"]: ["http://127.0.0.1:1/mcp"] for one in backends}
    whole = gateway_config(names, folder) | {"backends": backends}
    for route in whole["routes"]:
        if route["name"] == "models":
            route |= {"protocol": "openai", "path": "/openai/v1"}
    return whole


def only(seen: list[Seen]) -> Seen:
    (one,) = seen
    return one


# --- what is listed ---------------------------------------------------------------------------


def test_a_listed_server_is_reached_by_its_own_name_and_path(stage: Stage) -> None:
    stage.right.upstream.take()
    assert "result" in stage.call("tools").json()
    seen = only(stage.right.upstream.take())
    assert (seen.path, seen.all("host")) == ("/api/mcp", [stage.right.authority])
    assert set(stage.right.asked) == {"localhost"}


@pytest.mark.parametrize("path", ["/chat/completions", "/chat/completions?a=/openai/v1"])
def test_below_a_base_path_the_rest_of_the_path_stays(stage: Stage, path: str) -> None:
    stage.right.upstream.take()
    assert stage.chat(path).status_code == 202
    seen = only(stage.right.upstream.take())
    assert (seen.path, seen.all("host")) == (f"/v1{path}", [stage.right.authority])


def test_it_gets_the_gateways_credential_and_none_of_the_clients(stage: Stage) -> None:
    stage.right.upstream.take()
    stage.call("tools")
    stage.chat("/chat/completions")
    tools, models = stage.right.upstream.take()
    assert (tools.all("authorization"), tools.all("x-api-key")) == ([OWN], [])
    assert (models.all("authorization"), models.all("x-api-key")) == ([], [OWN_KEY])
    assert tools.all("x-unrelated") == ["kept"]
    for seen in (tools, models):
        assert not [value for _, value in seen.headers if "client-secret" in value or value == KEY]


def test_it_is_told_no_address_of_the_own_network(stage: Stage) -> None:
    stage.right.upstream.take()
    stage.call("tools")
    seen = only(stage.right.upstream.take())
    assert not seen.names & {
        *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
    }
    assert not [value for _, value in seen.headers if "10.1.2.3" in value or "127.0.0.1" in value]


def test_a_session_goes_on_at_the_address_that_opened_it(stage: Stage) -> None:
    stage.right.upstream.take()
    stage.right.upstream.sets = {"mcp_session_id": "at-upstream"}
    headers = {"x-api-key": KEY}
    sent = legacy("initialize", INITIALIZE)
    opened = httpx.post(
        stage.gateway.url("tools"), json=sent["json"], headers=sent["headers"] | headers
    )
    stage.right.upstream.sets = {}
    session = opened.headers["mcp-session-id"]
    assert session != "at-upstream"
    sent = legacy("ping", mcp_session_id=session)
    answer = httpx.post(
        stage.gateway.url("tools"), json=sent["json"], headers=sent["headers"] | headers
    )
    assert result_of(answer) == "ok"
    assert stage.right.upstream.take()[-1].all("mcp-session-id") == ["at-upstream"]


# --- who it is --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNREACHABLE)
def test_who_is_not_the_listed_server_gets_nothing(stage: Stage, name: str) -> None:
    stage.right.upstream.take()
    answer = stage.call(name)
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert (answer.json()["id"], error["code"]) == (1, -31503), error
    assert stage.right.upstream.take() == []
    assert all(one.upstream.seen == [] for one in stage.wrong.values())


def test_a_name_that_leads_into_the_own_network_is_told_and_not_followed(stage: Stage) -> None:
    lines = stage.gateway.process.stderr.lines
    told = [line for line in lines if "backend rebound" in line]
    assert told
    assert all("not public" in line and "localhost" in line for line in told)
    assert any("127.0.0.1" in line for line in told)
    assert not [line for line in lines if "backend tools" in line]


def test_it_is_told_once_and_not_at_every_look(stage: Stage) -> None:
    told = [line for line in stage.gateway.process.stderr.lines if "backend rebound" in line]
    assert len(told) == len(set(told))
    assert len(told) <= len(socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM))


# --- what is not listed -----------------------------------------------------------------------

BODY = json.dumps(modern_call("echo")["json"]).encode()
KEYED = [("x-api-key", KEY), ("content-type", "application/json")]
UNLISTED: dict[str, bytes] = {
    "absolute": request("GET", f"http://{METADATA_HOST}/latest/meta-data/", KEYED),
    "absolute https": request("GET", "https://api.example/v1/models", KEYED),
    "absolute post": request("POST", "http://api.example/v1/chat/completions", KEYED, BODY),
    "host": request("GET", "/", [("host", METADATA_HOST), *KEYED]),
    "host and path": request("GET", "/latest/meta-data/", [("host", METADATA_HOST), *KEYED]),
    "host of a listed one": request("POST", "/mcp", [("host", "localhost"), *KEYED], BODY),
    "outside": request("POST", "/elsewhere", KEYED, BODY),
    "above": request("POST", "/tools/../elsewhere", KEYED, BODY),
    "below": request("POST", "/tools/more", KEYED, BODY),
    "beside": request("POST", "/openai/v1x/chat/completions", KEYED, BODY),
    "at the upstream": request("POST", "/api/mcp", KEYED, BODY),
    "options": request("OPTIONS", "*", KEYED),
    "connect": request("CONNECT", f"{METADATA_HOST}:80", KEYED),
    "connect to a listed one": request("CONNECT", "localhost:443", KEYED),
    "host override": request("GET", "/", [("x-forwarded-host", METADATA_HOST), *KEYED]),
    "destination": request(
        "GET", "/", [("x-envoy-original-dst-host", f"{METADATA_HOST}:80"), *KEYED]
    ),
    "session endpoint": request(
        "GET", "/", [("x-gateway-session-endpoint", "MTY5LjI1NC4xNjkuMjU0Ojgw"), *KEYED]
    ),
}

BEFORE_ROUTES = {"absolute https", "connect", "connect to a listed one"}
"""What Envoy itself refuses: to be a tunnel, and https:// where there is no TLS."""


@pytest.mark.parametrize("name", UNLISTED)
def test_what_is_not_listed_is_not_found_and_leads_nowhere(stage: Stage, name: str) -> None:
    stage.right.upstream.take()
    before = stage.sent_anywhere()
    with connected(stage.gateway.ready["listeners"]["agents"]) as connection:
        connection.send(UNLISTED[name])
        answer = connection.reply()
    assert answer is not None
    assert answer.status == (403 if name in BEFORE_ROUTES else 404)
    assert answer.all("content-type")[0].startswith("application/json")
    assert "error" in answer.json()
    assert stage.sent_anywhere() == before
    assert stage.right.upstream.take() == []


@pytest.mark.parametrize("target", ["http://api.example/tools", "/tools"])
def test_another_host_on_a_listed_path_is_the_listed_server_all_the_same(
    stage: Stage, target: str
) -> None:
    stage.right.upstream.take()
    sent = modern_call("echo")
    lines = [("host", METADATA_HOST), *KEYED, *sent["headers"].items()]
    with connected(stage.gateway.ready["listeners"]["agents"]) as connection:
        answer = connection.ask(request("POST", target, lines, BODY))
    assert "result" in answer.json()
    seen = only(stage.right.upstream.take())
    assert (seen.path, seen.all("host")) == ("/api/mcp", [stage.right.authority])


# --- the example ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """The example `egress` in front of one server with every name, `right`, and one whose
    certificate is another's, `wrong`."""

    environment: dict[str, str]
    right: Elsewhere
    wrong: Elsewhere

    def post(self, path: str, **sent: Any) -> httpx.Response:
        headers = sent.pop("headers", {}) | {"x-api-key": KEY}
        url = f"http://127.0.0.1:{self.environment['LISTEN_PORT']}{path}"
        return httpx.post(url, headers=headers, **sent)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    folder = tmp_path_factory.mktemp("example")
    authority = Authority(folder)
    with (
        elsewhere(authority.server("localhost")) as right,
        elsewhere(authority.server("api.example")) as wrong,
    ):
        environment = surroundings(
            folder,
            CA_BUNDLE=str(authority.ca),
            CORPORATE_CA=str(authority.ca),
            GITHUB_TOKEN="github-token",
            OPENAI_API_KEY="openai-key",
            ANTHROPIC_API_KEY="anthropic-key",
            GITHUB_URL=right.url("/mcp/"),
            OPENAI_URL=right.url("/v1"),
            ANTHROPIC_URL=wrong.url("/"),
            CORPORATE_URL=right.url("/mcp"),
        )
        with run("egress", folder, environment):
            yield Example(environment, right, wrong)


@pytest.mark.parametrize(
    ("path", "seen_path", "credential"),
    [("/github/mcp", "/mcp/", ["Bearer github-token"]), ("/corporate/mcp", "/mcp", [])],
)
def test_the_example_lets_agents_use_listed_tools(
    example: Example, path: str, seen_path: str, credential: list[str]
) -> None:
    example.right.upstream.take()
    assert "result" in example.post(path, **modern_call("echo")).json()
    denied = example.post(path, **modern_call("delete_repo")).json()
    assert denied["error"]["data"]["reason"] == "denied"
    seen = only(example.right.upstream.take())
    assert (seen.path, seen.all("authorization")) == (seen_path, credential)
    assert seen.all("host") == [example.right.authority]


@pytest.mark.parametrize(("model", "status"), [("gpt-5-mini", 202), ("gpt-5", 403)])
def test_the_example_lets_agents_use_small_models(
    example: Example, model: str, status: int
) -> None:
    example.right.upstream.take()
    body = {"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
    assert example.post("/openai/v1/chat/completions", json=body).status_code == status
    seen = example.right.upstream.take()
    assert [one.all("authorization") for one in seen] == [["Bearer openai-key"]] * (status == 202)
    assert [one.path for one in seen] == ["/v1/chat/completions"] * (status == 202)


def test_the_example_sends_nothing_to_a_server_with_another_name(example: Example) -> None:
    body = {"model": "claude-haiku-4", "max_tokens": 10}
    body |= {"messages": [{"role": "user", "content": "hi"}]}
    answer = example.post(
        "/anthropic/v1/messages", json=body, headers={"anthropic-version": "2023-06-01"}
    )
    assert answer.json()["error"]["type"] in {"api_error", "overloaded_error"}
    assert example.wrong.upstream.seen == []


@pytest.mark.parametrize("path", ["/", "/github", "/github/mcp/x", "/v1/models", "/openai/v1x"])
def test_the_example_has_no_other_way_out(example: Example, path: str) -> None:
    example.right.upstream.take()
    answer = example.post(path, **modern_call("echo"))
    assert (answer.status_code, "error" in answer.json()) == (404, True)
    assert example.right.upstream.take() == []
