"""The examples of the folder envoy/: they are what is generated, Envoy accepts them, and each does
what its line in the README says, with the printed configuration and a real `gatehouse serve`.
"""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from envoy.generate import EXAMPLES, WORKERS, generate
from gateway.cli.app import application
from gateway.edge.binary import envoy_command, find_envoy
from tests.envoy.example import Served, fronted, printed, run, started, surroundings
from tests.support.certificates import Authority, Pair
from tests.support.echo import Echo, echo
from tests.support.gatehouse import KEY
from tests.support.messages import legacy, legacy_call, modern_call
from tests.support.ports import free_ports
from tests.support.session_replica import session_replica
from tests.support.tls import client_context
from tests.support.traffic import result_of, traffic

HEADERS = {"x-api-key": KEY}
TRIAGE = "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent"
OTHER = "spiffe://cluster.local/ns/github-agents/sa/other"
STRANGER = "spiffe://elsewhere/ns/github-agents/sa/issue-triage-agent"
ANSWERED = 202
"""What the upstream says to a request that is no JSON-RPC."""
NO_ENDPOINT = "-31503"
INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "c", "version": "1"},
}


@dataclass(frozen=True)
class Certificates:
    """A CA, the folder of certificates that examples name, and the environment that says so."""

    authority: Authority
    environment: dict[str, str]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    for name in ("server", "worker"):
        pair = authority.server("127.0.0.1", "localhost")
        pair.certificate.rename(folder / f"{name}.pem")
        pair.key.rename(folder / f"{name}.key")
    for name in ("clients-ca", "workers-ca", "corporate-ca"):
        (folder / f"{name}.pem").write_bytes(authority.ca.read_bytes())
    environment = {
        "TLS_FOLDER": str(folder),
        "CA_BUNDLE": str(authority.ca),
        "CORPORATE_CA": str(authority.ca),
        "GITHUB_TOKEN": "github-token",
        "OPENAI_API_KEY": "openai-key",
        "ANTHROPIC_API_KEY": "anthropic-key",
    }
    return Certificates(authority, environment)


# --- as files ---------------------------------------------------------------------------------


def test_every_example_is_listed_and_the_folder_is_no_package() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/gateway.yaml")} == set(WORKERS)
    assert not list(EXAMPLES.rglob("__init__.py"))
    readme = (EXAMPLES / "README.md").read_text()
    assert [name for name in WORKERS if f"[{name}]({name}/gateway.yaml)" not in readme] == []


@pytest.mark.parametrize("example", WORKERS)
def test_an_example_is_what_is_generated_from_its_gateway_yaml(example: str) -> None:
    text = (EXAMPLES / example / "envoy.yaml").read_text()
    assert text == generate(example), "run: make examples"


@pytest.mark.parametrize("example", WORKERS)
def test_check_has_nothing_against_an_example(
    example: str, certificates: Certificates, tmp_path: Path
) -> None:
    environment = surroundings(tmp_path, **certificates.environment)
    arguments = ["check", "-c", str(EXAMPLES / example / "gateway.yaml"), "--json"]
    result = CliRunner(env=environment).invoke(application(arguments), arguments)
    assert result.exit_code == 0, result.output
    told = {one["path"].rpartition(".")[2] for one in json.loads(result.stdout)["problems"]}
    assert told == ({"mode"} if example == "ext-authz" else set())  # what mode check cannot do


@pytest.mark.parametrize("example", WORKERS)
def test_envoy_accepts_an_example(example: str, certificates: Certificates, tmp_path: Path) -> None:
    environment = surroundings(tmp_path, **certificates.environment)
    workers = [word for worker in WORKERS[example] for word in ("--worker", worker)]
    file = tmp_path / "envoy.json"
    file.write_text(printed(example, environment, *workers))
    command = [*envoy_command(find_envoy(os.environ), file), "--mode", "validate"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("example", WORKERS)
def test_an_example_holds_no_secret(example: str) -> None:
    """In what is generated, a secret stands as it is written in the gateway.yaml."""
    text = (EXAMPLES / example / "envoy.yaml").read_text()
    secrets = [line for line in text.splitlines() if "Bearer" in line or "_KEY" in line]
    assert all("${" in line for line in secrets)
    assert "PRIVATE KEY" not in text
    assert "inline_bytes" not in text


# --- sidecar ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("sidecar")
    (port,) = free_ports(1)
    environment = surroundings(folder, SERVER_PORT=str(port))
    with run("sidecar", folder, environment):
        yield environment


def call(environment: dict[str, str], tool: str, headers: dict[str, str] = HEADERS) -> Any:
    """The answer to a tool call on LISTEN_PORT."""
    sent = modern_call(tool)
    sent["headers"] |= headers
    return httpx.post(f"http://127.0.0.1:{environment['LISTEN_PORT']}/mcp", **sent)


def wait_for(environment: dict[str, str], result: str) -> None:
    """Until calls have this result: Envoy has noticed what became of the server."""
    deadline = time.monotonic() + 10
    while result_of(answer := call(environment, "echo")) != result:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


def test_a_sidecar_lets_through_what_its_policy_allows_and_nothing_else(
    sidecar: dict[str, str],
) -> None:
    with echo(port=int(sidecar["SERVER_PORT"])) as server:
        wait_for(sidecar, "ok")
        assert call(sidecar, "delete_repo").json()["error"]["data"]["reason"] == "denied"
        assert call(sidecar, "echo", {}).status_code == 401
        names = {json.loads(one.body)["params"]["name"] for one in server.take()}
        assert names == {"echo"}


def test_a_printed_configuration_finds_out_by_itself_whether_a_server_is_there(
    sidecar: dict[str, str],
) -> None:
    for _ in range(2):
        wait_for(sidecar, NO_ENDPOINT)
        with echo(port=int(sidecar["SERVER_PORT"])):
            wait_for(sidecar, "ok")


# --- edge -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edge:
    """The example `edge` in front of one server that it knows by its name."""

    environment: dict[str, str]
    certificates: Certificates
    foreign: Authority
    tracker: Echo

    def call(
        self,
        listener: str,
        tool: str,
        pair: Pair | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = modern_call(tool)
        sent["headers"] |= headers or {}
        context = client_context(self.certificates.authority.ca, pair)
        port = self.environment[f"{listener}_PORT"]
        with httpx.Client(verify=context, trust_env=False) as client:
            return client.post(f"https://127.0.0.1:{port}/mcp", **sent)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    (folder / "other").mkdir()
    with echo() as tracker:
        host = f"localhost:{urlsplit(tracker.url).port}"
        environment = surroundings(folder, TRACKER=host, **certificates.environment)
        with run("edge", folder, environment):
            yield Edge(environment, certificates, Authority(folder / "other", "Other"), tracker)


def test_a_workload_is_who_its_certificate_says(edge: Edge) -> None:
    triage, other, stranger = map(edge.certificates.authority.client, (TRIAGE, OTHER, STRANGER))
    assert "result" in edge.call("WORKLOADS", "create_comment", triage).json()
    assert "result" in edge.call("WORKLOADS", "echo", other).json()
    for tool, pair in (("create_comment", other), ("echo", stranger)):
        assert edge.call("WORKLOADS", tool, pair).json()["error"]["data"]["reason"] == "denied"


@pytest.mark.parametrize("kind", ["none", "foreign", "expired"])
def test_workloads_have_no_connection_without_a_right_certificate(edge: Edge, kind: str) -> None:
    edge.tracker.take()
    pair = {
        "none": None,
        "foreign": edge.foreign.client(TRIAGE),
        "expired": edge.certificates.authority.client(TRIAGE, expired=True),
    }[kind]
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        edge.call("WORKLOADS", "echo", pair, HEADERS)
    assert edge.tracker.take() == []


def test_a_certificate_without_a_spiffe_id_is_nobody(edge: Edge) -> None:
    pair = edge.certificates.authority.client("https://not-spiffe.example/x")
    assert edge.call("WORKLOADS", "echo", pair).status_code == 401


def test_the_public_comes_with_a_key_or_a_certificate_but_not_with_a_wrong_one(
    edge: Edge,
) -> None:
    triage = edge.certificates.authority.client(TRIAGE)
    assert "result" in edge.call("PUBLIC", "echo", headers=HEADERS).json()
    assert "result" in edge.call("PUBLIC", "create_comment", triage).json()
    denied = edge.call("PUBLIC", "create_comment", headers=HEADERS).json()
    assert denied["error"]["data"]["reason"] == "denied"
    assert edge.call("PUBLIC", "echo").status_code == 401
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        edge.call("PUBLIC", "echo", edge.foreign.client(TRIAGE), HEADERS)


# --- ext_authz alone --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Echo]]:
    folder = tmp_path_factory.mktemp("checked")
    with echo() as upstream:
        address = urlsplit(upstream.url).netloc
        environment = surroundings(folder, TOOLS=address, MODELS=address)
        with run("ext-authz", folder, environment):
            yield environment, upstream


def test_access_control_alone_answers_in_the_form_of_the_protocol(
    checked: tuple[dict[str, str], Echo],
) -> None:
    environment, upstream = checked
    upstream.take()
    assert "result" in call(environment, "echo").json()
    assert len(upstream.take()) == 1
    denied = call(environment, "delete_repo")
    assert (denied.status_code, denied.json()["id"]) == (200, 1)
    assert denied.json()["error"]["data"]["reason"] == "denied"
    assert upstream.take() == []


@pytest.mark.parametrize(("model", "status"), [("demo-small", ANSWERED), ("demo-large", 403)])
def test_a_model_call_is_checked_in_the_same_way(
    checked: tuple[dict[str, str], Echo], model: str, status: int
) -> None:
    environment, upstream = checked
    upstream.take()
    answer = httpx.post(
        f"http://127.0.0.1:{environment['LISTEN_PORT']}/v1/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "hi"}]},
        headers=HEADERS,
    )
    assert answer.status_code == status
    assert len(upstream.take()) == (status == ANSWERED)
    if status != ANSWERED:
        assert answer.json()["error"]["type"] == "permission_error"


# --- several gateways -------------------------------------------------------------------------


@dataclass(frozen=True)
class Several:
    """Two gateways, each with an environment of its own, behind one Envoy."""

    environments: tuple[dict[str, str], dict[str, str]]
    gateways: tuple[Served, Served]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environments[0]['LISTEN_PORT']}/mcp"

    def opened(self) -> list[int]:
        """How many sessions each gateway has opened."""
        return [
            sum(one["method"] == "initialize" for one in gateway.records(environment))
            for gateway, environment in zip(self.gateways, self.environments, strict=True)
        ]

    def kill(self, index: int) -> None:
        """Supervisor and workers at once, as a machine that is gone."""
        gateway = self.gateways[index]
        for pid in (gateway.process.pid, *gateway.workers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def several(tmp_path: Path, certificates: Certificates) -> Iterator[Several]:
    with session_replica("replica-a") as a, session_replica("replica-b") as b:
        first = surroundings(
            tmp_path,
            TRACKER_A=a.backend.address,
            TRACKER_B=b.backend.address,
            **certificates.environment,
        )
        environments = (
            first | own(tmp_path / "one", *free_ports(2)),
            first | own(tmp_path / "two", *free_ports(2)),
        )
        workers = [one["WORKERS_AT"] for one in environments]
        with (
            started("several-gateways", tmp_path / "one", environments[0]) as one,
            started("several-gateways", tmp_path / "two", environments[1]) as two,
        ):
            one.wait()
            two.wait()
            with fronted("several-gateways", tmp_path, first, workers):
                yield Several(environments, (one, two))


def own(folder: Path, worker: int, admin: int) -> dict[str, str]:
    """What one of several gateways has for itself."""
    return {
        "WORKERS_AT": f"127.0.0.1:{worker}",
        "ADMIN_PORT": str(admin),
        "RUN_FOLDER": str(folder / "run"),
        "AUDIT_FILE": str(folder / "audit.jsonl"),
    }


def open_session(client: httpx.Client, url: str) -> str:
    """A session's id, as the client has it."""
    sent = legacy("initialize", INITIALIZE)
    answer = client.post(url, json=sent["json"], headers=sent["headers"] | HEADERS)
    session = answer.headers["mcp-session-id"]
    sent = legacy("notifications/initialized", ident=None, mcp_session_id=session)
    client.post(url, json=sent["json"], headers=sent["headers"] | HEADERS)
    return session


def in_session(client: httpx.Client, url: str, session: str) -> httpx.Response:
    sent = legacy_call("whoami", mcp_session_id=session)
    return client.post(url, json=sent["json"], headers=sent["headers"] | HEADERS)


def test_sessions_go_on_through_another_gateway_when_one_is_killed(several: Several) -> None:
    with httpx.Client(trust_env=False, timeout=10) as client:
        sessions = [open_session(client, several.url)]
        deadline = time.monotonic() + 20
        while not all(several.opened()):
            assert time.monotonic() < deadline, several.opened()
            sessions.append(open_session(client, several.url))
        before = {one: in_session(client, several.url, one).json()["result"] for one in sessions}
        with traffic({"calls": lambda one: in_session(one, several.url, sessions[0])}) as flow:
            killed = time.monotonic()
            several.kill(0)
            assert several.gateways[0].process.wait(5) == -signal.SIGKILL
            assert flow.since(time.monotonic()) == {("calls", "ok")}
            after = {one: in_session(client, several.url, one) for one in sessions}
    assert {one: result_of(answer) for one, answer in after.items()} == dict.fromkeys(
        sessions, "ok"
    )
    assert {one: answer.json()["result"] for one, answer in after.items()} == before
    failed = [one for one in flow.outcomes if one.result != "ok"]
    assert all(one.began <= killed <= one.ended for one in failed), failed
