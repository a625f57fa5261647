"""Credentials end at the gateway: what real upstreams get, and where no secret is to be found."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.echo import Echo, Seen, echo
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, gateway_config
from tests.support.messages import LEGACY, legacy, legacy_call, modern, modern_call
from tests.support.processes import ROOT

OWN = "Bearer upstream-secret-4711"
OWN_KEY = "upstream-key-0815"
SERVER = "tracker.example"

CLIENTS = {
    "authorization": "Bearer client-secret-1",
    "proxy-authorization": "Basic client-secret-2",
    "x-api-key": KEY,
    "cookie": "session=client-secret-3",
    "x-forwarded-client-cert": "URI=spiffe://client-secret-4/agent",
    "x-gateway-session-endpoint": "MTI3LjAuMC4xOjE=",
    "x-gateway-destination-endpoint": "127.0.0.1:1",
    "x-gateway-destination-endpoint-subset": "127.0.0.1:1",
    "x-gateway-destination-endpoint-served": "127.0.0.1:1",
    "x-gateway-inference-objective": "client-hint",
    "x-gatehouse-principal": "key:admin",
    "x-gatehouse-audit-id": "client-audit-id",
    "x-envoy-retry-on": "5xx",
    "x-envoy-upstream-alt-stat-name": "client",
    "x-prefiller-host-port": "127.0.0.1:1",
    "x-prefiller-url": "http://127.0.0.1:1",
    "x-data-parallel-rank": "1",
    "x-encoder-hosts-ports": "127.0.0.1:1",
    "x-data-parallel-host-port": "127.0.0.1:1",
    "x-kv-cache-source-host-port": "127.0.0.1:1",
}
GONE = {*CLIENTS, "api-key"}
SECRETS = ("upstream-secret", "upstream-key", "client-secret", KEY)


@dataclass(frozen=True)
class Stage:
    """A gateway and its upstreams by backend: `plain` without a credential, `bearer` and `keyed`
    with one, and over TLS `right`, `wrong`, `expired`, `foreign`, and `mixed` of right and
    wrong."""

    gateway: Gateway
    upstreams: dict[str, Echo]

    def call(self, route: str, **headers: str) -> httpx.Response:
        """A tool call with every credential and control header that a client can think of."""
        request = modern_call("echo")
        request["headers"] |= CLIENTS | {"x-unrelated": "kept"} | headers
        return httpx.post(self.gateway.url(route), **request)

    def got(self, backend: str) -> list[Seen]:
        """What an upstream received since the last time."""
        return self.upstreams[backend].take()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "other").mkdir()
    authority, other = Authority(folder), Authority(folder / "other", "Another CA")
    with (
        echo() as plain,
        echo() as bearer,
        echo() as keyed,
        echo(tls=authority.server(SERVER)) as right,
        echo(tls=authority.server("other.example")) as wrong,
        echo(tls=authority.server(SERVER, expired=True)) as expired,
        echo(tls=other.server(SERVER)) as foreign,
    ):
        secure = {"right": [right], "wrong": [wrong], "expired": [expired], "foreign": [foreign]}
        secure["mixed"] = [wrong, right]
        tls = {"server_name": SERVER, "ca": str(authority.ca)}
        backends = [
            backend("plain", [plain]),
            backend("bearer", [bearer], auth={"value": OWN}),
            backend("keyed", [keyed], auth={"header": "x-api-key", "value": OWN_KEY}),
            *(backend(name, found, tls=tls, auth={"value": OWN}) for name, found in secure.items()),
        ]
        with gatehouse(
            folder / "gateway",
            policies=[allow(one["name"], one["name"], tools=["echo"]) for one in backends],
            config=config(folder / "gateway", backends),
        ) as gateway:
            upstreams = {"plain": plain, "bearer": bearer, "keyed": keyed, "right": right}
            yield Stage(
                gateway, upstreams | {"wrong": wrong, "expired": expired, "foreign": foreign}
            )


def backend(name: str, upstreams: list[Echo], **members: Any) -> dict[str, Any]:
    endpoints = [urlsplit(one.url).netloc for one in upstreams]
    return {"name": name, "endpoints": endpoints, "path": "/mcp", **members}


def config(folder: Path, backends: list[dict[str, Any]]) -> dict[str, Any]:
    """One route for each backend, and one, `raw`, that is not judged."""
    names = {one["name"]: ["http://127.0.0.1:1/mcp"] for one in backends}
    whole = gateway_config(names, folder) | {"backends": backends}
    raw = {"name": "raw", "path": "/raw", "protocol": "unjudged", "backend": "plain"}
    whole["routes"] = [*whole["routes"], raw]
    return whole


def clean(seen: Seen) -> bool:
    """Whether nothing of a client's credentials and control headers is left."""
    prefixes = ("x-gateway-", "x-gatehouse-", "x-envoy-")
    return not [name for name in seen.names if name in GONE or name.startswith(prefixes)]


def test_nothing_of_a_clients_credentials_reaches_an_upstream(stage: Stage) -> None:
    assert "result" in stage.call("plain").json()
    (seen,) = stage.got("plain")
    assert clean(seen)
    assert seen.all("x-unrelated") == ["kept"]
    assert not [value for _, value in seen.headers if "client-secret" in value or KEY in value]


def test_the_other_spelling_of_a_key_does_not_reach_an_upstream_either(stage: Stage) -> None:
    request = modern_call("echo", api_key=KEY)
    assert "result" in httpx.post(stage.gateway.url("plain"), **request).json()
    (seen,) = stage.got("plain")
    assert clean(seen)


def test_an_unjudged_route_takes_no_credential_along_either(stage: Stage) -> None:
    headers = {**CLIENTS, "api-key": KEY}
    answer = httpx.post(stage.gateway.url("raw"), json={"id": 1}, headers=headers)
    assert answer.status_code == 200
    (seen,) = stage.got("plain")
    assert clean(seen)


def test_the_gateways_own_headers_stay_inside_for_a_whole_session(stage: Stage) -> None:
    plain = stage.upstreams["plain"]
    plain.sets = {"mcp-session-id": "upstreams-own-session"}
    url, hello = stage.gateway.url("plain"), {"name": "c", "version": "1"}
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": hello}
    opened = httpx.post(url, **with_credentials(legacy("initialize", params)))
    session = opened.headers["mcp-session-id"]
    assert session != "upstreams-own-session"
    httpx.post(url, **with_credentials(legacy("notifications/initialized", ident=None), session))
    httpx.post(url, **with_credentials(legacy_call("echo"), session))
    for method in ("GET", "DELETE"):
        headers = with_credentials(legacy("ping"), session)["headers"]
        httpx.request(method, url, headers=headers)
    plain.sets = {}
    seen = stage.got("plain")
    assert [one.method for one in seen] == ["POST", "POST", "POST", "GET", "DELETE"]
    assert all(clean(one) for one in seen)
    sessions = [one.all("mcp-session-id") for one in seen]
    assert sessions == [[], *[["upstreams-own-session"]] * 4]


@pytest.mark.parametrize("method", ["tools/call", "tools/list", "ping"])
def test_a_session_id_that_a_modern_server_sends_all_the_same_is_not_shown(
    stage: Stage, method: str
) -> None:
    stage.upstreams["plain"].sets = {"mcp-session-id": "upstreams-own-session"}
    request = modern(method, {"name": "echo"}, name="echo" if method == "tools/call" else None)
    request["headers"]["x-api-key"] = KEY
    answer = httpx.post(stage.gateway.url("plain"), **request)
    stage.upstreams["plain"].sets = {}
    assert answer.json()["id"] == 1
    assert "mcp-session-id" not in answer.headers


def with_credentials(request: dict[str, Any], session: str | None = None) -> dict[str, Any]:
    own = {} if session is None else {"mcp-session-id": session}
    return request | {"headers": request["headers"] | CLIENTS | own}


def test_an_upstream_gets_the_gateways_credential_in_place_of_the_clients(stage: Stage) -> None:
    assert "result" in stage.call("bearer").json()
    (seen,) = stage.got("bearer")
    assert seen.all("authorization") == [OWN]
    assert seen.names.isdisjoint(GONE - {"authorization"})


def test_the_credential_may_travel_in_another_header(stage: Stage) -> None:
    assert "result" in stage.call("keyed").json()
    (seen,) = stage.got("keyed")
    assert seen.all("x-api-key") == [OWN_KEY]
    assert seen.names.isdisjoint(GONE - {"x-api-key"})


def test_an_upstream_with_the_right_certificate_gets_the_request(stage: Stage) -> None:
    assert "result" in stage.call("right").json()
    (seen,) = stage.got("right")
    assert seen.all("authorization") == [OWN]


@pytest.mark.parametrize("which", ["wrong", "expired", "foreign"])
def test_an_upstream_with_another_certificate_gets_nothing(stage: Stage, which: str) -> None:
    stage.got(which)
    answer = stage.call(which)
    assert answer.json()["error"]["code"] == -31503
    assert answer.headers["content-type"] == "application/json"
    assert "tls" not in answer.text.lower()
    assert "certificate" not in answer.text.lower()
    assert stage.got(which) == []


def test_the_credential_is_there_on_every_attempt(stage: Stage) -> None:
    """One of two endpoints cannot be connected to; which one is tried first is chance."""
    stage.got("right")
    for ident in range(12):
        request = modern_call("echo", ident=ident)
        request["headers"] |= CLIENTS
        assert "result" in httpx.post(stage.gateway.url("mixed"), **request).json()
    seen = stage.got("right")
    assert len(seen) == 12
    assert all(one.all("authorization") == [OWN] for one in seen)
    assert stage.got("wrong") == []
    assert envoy_stat(stage.gateway, "cluster.mixed.upstream_rq_retry_success") > 0


def envoy_stat(gateway: Gateway, name: str) -> int:
    admin = gateway.config["service"]["envoy_admin"]
    line = httpx.get(f"http://{admin}/stats", params={"filter": f"^{name}$"}).text
    return int(line.rpartition(":")[2])


def test_no_secret_is_in_a_record_a_log_a_status_or_an_answer(stage: Stage) -> None:
    gateway = stage.gateway
    answers = [stage.call(route) for route in ("plain", "bearer", "keyed", "right", "wrong")]
    answers.append(stage.call("bearer", **{"x-api-key": "client-secret-6"}))
    shown = [answer.text + str(answer.headers) for answer in answers]
    gateway.wait_for_records(1, audit_id=answers[-1].headers["x-gatehouse-audit-id"])
    shown += [path.read_text() for path in (gateway.folder / "audit.jsonl", envoy_log(gateway))]
    shown += [*gateway.process.stdout.lines, *gateway.process.stderr.lines]
    shown += [json.dumps(gateway.status()), httpx.get(f"{gateway.admin}/metrics").text]
    text = "\n".join(shown)
    assert not [secret for secret in SECRETS if secret in text]


def envoy_log(gateway: Gateway) -> Path:
    return gateway.folder / "run" / "envoy.log"


def test_envoys_configuration_dump_does_not_show_the_credentials(stage: Stage) -> None:
    admin = stage.gateway.config["service"]["envoy_admin"]
    dump = httpx.get(f"http://{admin}/config_dump?include_eds").text
    assert "bearer_credential" in dump
    assert not [secret for secret in SECRETS if secret in dump]


def test_credentials_are_in_files_of_their_owner_only(stage: Stage) -> None:
    run = stage.gateway.folder / "run"
    holding = [
        path
        for path in run.rglob("*")
        if path.is_file() and any(secret in path.read_text() for secret in (OWN, OWN_KEY))
    ]
    assert {path.parent.name for path in holding} == {"credentials"}
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}


def test_explain_and_check_show_no_credential(stage: Stage, tmp_path: Path) -> None:
    request = modern_call("echo")
    lines = "".join(f"{k}: {v}\r\n" for k, v in (request["headers"] | CLIENTS).items())
    saved = tmp_path / "saved.http"
    body = json.dumps(request["json"])
    kind = "content-type: application/json"
    saved.write_text(f"POST /bearer HTTP/1.1\r\n{kind}\r\n{lines}\r\n{body}")
    configured = ["--config", str(stage.gateway.folder / "gateway.yaml")]
    explain = ["explain", *configured, "--route", "bearer", "--request", str(saved)]
    explain += ["--principal", "key:tester"]
    shown = [gatehouse_command(*explain), gatehouse_command(*explain, "--json")]
    assert all("echo" in text for text in shown)
    shown.append(gatehouse_command("check", *configured))
    assert not [secret for secret in SECRETS if secret in "".join(shown)]


def gatehouse_command(*arguments: str) -> str:
    """What a command of `gatehouse` prints, to both of its outputs; it has to succeed."""
    command = [sys.executable, "-m", "gateway", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_configuration_error_does_not_quote_the_credential(tmp_path: Path) -> None:
    broken = {"value": f"{OWN}\nx-evil: 1"}
    bad = config(tmp_path, [{"name": "b", "endpoints": ["127.0.0.1:1"], "auth": broken}])
    bad["routes"] = bad["routes"][:1]
    with pytest.raises(AssertionError, match="not a header value") as refused:
        gatehouse(tmp_path, config=bad).__enter__()
    assert "upstream-secret" not in str(refused.value)
