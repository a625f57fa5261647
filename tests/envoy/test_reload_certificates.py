"""Certificates replaced in their files, as agents that rotate them do: without a restart."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from tests.support.certificates import Authority, Pair
from tests.support.echo import echo
from tests.support.gatehouse import Gateway, allow, gatehouse, gateway_config
from tests.support.messages import modern_call
from tests.support.ports import free_port
from tests.support.tls import client_context
from tests.support.traffic import Call, result_of, traffic
from tests.support.waiting import until

AGENT = "spiffe://cluster.local/ns/agents/sa/agent"
PATIENCE = 10.0


@dataclass(frozen=True)
class Files:
    """The PEM files that gateway.yaml names; their content changes, their names do not."""

    server: Pair
    client_ca: Path
    backend_ca: Path

    def put(self, *, server: Pair | None = None, client_ca: Path | None = None) -> None:
        """Replace a certificate and its key, or the authority of clients, atomically each."""
        if server is not None:
            replace(self.server.certificate, server.certificate)
            replace(self.server.key, server.key)
        if client_ca is not None:
            replace(self.client_ca, client_ca)


def replace(file: Path, source: Path) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(source.read_bytes())
    fresh.replace(file)


@dataclass
class Stage:
    """A gateway with an mTLS listener, before an upstream over TLS. `trusted` signed everything
    that is in force at first, `stranger` nothing."""

    gateway: Gateway
    files: Files
    trusted: Authority
    stranger: Authority

    def shown(self) -> int:
        """The serial number of the certificate that a new connection is shown."""
        port = self.gateway.config["listeners"][0]["port"]
        pem = ssl.get_server_certificate(("127.0.0.1", port))
        return x509.load_pem_x509_certificate(pem.encode()).serial_number

    def caller(self, signer: Authority) -> Call:
        """Calls with a client certificate of `signer`, a new connection each time."""
        context = client_context(self.trusted.ca, signer.client(AGENT))
        message, url = modern_call("echo"), self.gateway.url("tracker")

        def call(_: httpx.Client) -> httpx.Response:
            with httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client:
                return client.post(url, **message)

        return call

    def result(self, signer: Authority) -> str:
        """What comes back for one call."""
        with httpx.Client() as unused:
            try:
                return result_of(self.caller(signer)(unused))
            except httpx.HTTPError:
                return "no connection"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("trusted", "stranger", "in-use"):
        (folder / name).mkdir()
    trusted, stranger = Authority(folder / "trusted"), Authority(folder / "stranger", "Other CA")
    used = folder / "in-use"
    server = Pair(used / "server.pem", used / "server.key")
    files = Files(server, used / "clients.pem", used / "backend.pem")
    files.put(server=trusted.server("127.0.0.1"), client_ca=trusted.ca)
    replace(files.backend_ca, trusted.ca)
    tls = {
        "certificate": str(files.server.certificate),
        "key": str(files.server.key),
        "client_ca": str(files.client_ca),
    }
    listener = {"name": "agents", "port": free_port(), "tls": tls}
    with echo(tls=trusted.server("tracker.test")) as upstream:
        config = gateway_config({"tracker": [upstream.url]}, folder)
        config["listeners"] = [listener | {"identity": {"accept": ["spiffe"]}}]
        (backend,) = config["backends"]
        backend["tls"] = {"server_name": "tracker.test", "ca": str(files.backend_ca)}
        policies = [allow(tools=["echo"])]
        with gatehouse(folder, config=config, policies=policies) as gateway:
            yield Stage(gateway, files, trusted, stranger)


def test_a_new_certificate_is_shown_without_losing_a_request(stage: Stage) -> None:
    with traffic({"call": stage.caller(stage.trusted)}, clients=1) as flow:
        for _ in range(2):
            before, pair = stage.shown(), stage.trusted.server("127.0.0.1")
            stage.files.put(server=pair)
            new = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).serial_number
            until(lambda before=before: stage.shown() != before)
            assert stage.shown() == new
        flow.since(time.monotonic())
        assert flow.results() == {("call", "ok")}


def test_a_certificate_without_its_key_is_a_broken_edit(stage: Stage) -> None:
    before, old = stage.shown(), stage.files.server.certificate.read_bytes()
    replace(stage.files.server.certificate, stage.trusted.server("127.0.0.1").certificate)
    until(lambda: "do not make a pair" in stage.gateway.status()["configuration_error"])
    assert stage.shown() == before
    assert stage.result(stage.trusted) == "ok"
    stage.files.server.certificate.write_bytes(old)
    until(lambda: stage.gateway.status()["configuration_error"] == "")


def test_another_authority_of_clients_is_believed_instead(stage: Stage) -> None:
    assert stage.result(stage.stranger) == "no connection"
    stage.files.put(client_ca=stage.stranger.ca)
    until(lambda: stage.result(stage.stranger) == "ok")
    assert stage.result(stage.trusted) == "no connection"
    stage.files.put(client_ca=stage.trusted.ca)
    until(lambda: stage.result(stage.trusted) == "ok")


def test_another_authority_of_a_backend_is_believed_instead(stage: Stage) -> None:
    replace(stage.files.backend_ca, stage.stranger.ca)
    until(lambda: stage.result(stage.trusted) == "-31503")
    replace(stage.files.backend_ca, stage.trusted.ca)
    until(lambda: stage.result(stage.trusted) == "ok")
