"""Edits that cannot be used: what was in force stays, and everybody who should know is told."""

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.envoy.reload_stage import Stage, stage_in
from tests.support.gatehouse import SEAL_KEY, Gateway, allow
from tests.support.traffic import traffic

Edit = Callable[[Gateway], None]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage_in(tmp_path_factory.mktemp("gateway")) as started:
        yield started


def write_policy_text(gateway: Gateway, text: str) -> None:
    fresh = gateway.folder / "policies.new"
    fresh.write_text(text)
    fresh.replace(gateway.folder / "policies" / "policies.yaml")


def broken_yaml(gateway: Gateway) -> None:
    write_policy_text(gateway, "apiVersion: [")


def unknown_key(gateway: Gateway) -> None:
    gateway.write_policies(allow(tool=["echo"]))


def wrong_type(gateway: Gateway) -> None:
    gateway.write_policies(allow(tools=["echo"], when="mcp.arguments.owner + 1"))


def unknown_backend(gateway: Gateway) -> None:
    gateway.write_policies(allow("other", "tracked"))


def weak_key(gateway: Gateway) -> None:
    gateway.write_config(sessions={"keys": ["A" * 44]})


def another_port(gateway: Gateway) -> None:
    (listener,) = gateway.config["listeners"]
    gateway.write_config(listeners=[{**listener, "port": listener["port"] + 1}])


def no_folder(gateway: Gateway) -> None:
    gateway.write_config(policies="nowhere")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (broken_yaml, "not valid YAML"),
        (unknown_key, 'unknown key "tool" (did you mean "tools"?)'),
        (wrong_type, "spec.rules[0].when"),
        (unknown_backend, 'no backend "tracked" (did you mean "tracker"?)'),
        (weak_key, "the sealing key is not random"),
        (another_port, "restart the gateway to change listeners[0].port"),
        (no_folder, "not a folder"),
    ],
)
def test_a_broken_edit_keeps_what_is_in_force_and_says_so(
    edit: Edit, said: str, stage: Stage
) -> None:
    gateway = stage.gateway
    before = gateway.status()
    kept = gateway.metric('gatehouse_reloads_total{outcome="kept"}')
    with traffic({"echo": stage.caller("echo")}) as flow:
        edit(gateway)
        assert said in stage.broken()
        flow.since(time.monotonic())
        assert flow.results() == {("echo", "ok")}
    now = gateway.status()
    assert (now["snapshot"], now["digest"]) == (before["snapshot"], before["digest"])
    assert gateway.metric("gatehouse_configuration_broken") == 1
    assert gateway.metric('gatehouse_reloads_total{outcome="kept"}') == kept + 1
    assert any(said in line for line in gateway.process.stderr.lines)
    assert said in shown_status(gateway)
    assert SEAL_KEY not in "\n".join(gateway.process.stderr.lines)


@pytest.fixture(autouse=True)
def mended(stage: Stage) -> Iterator[None]:
    """Afterwards everything is as it was, and in force."""
    gateway = stage.gateway
    config = dict(gateway.config)
    yield
    gateway.write_policies(allow(tools=["echo"]))
    gateway.write_config(**config)
    deadline = time.monotonic() + 10
    while gateway.status()["configuration_error"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert gateway.metric("gatehouse_configuration_broken") == 0


def shown_status(gateway: Gateway) -> str:
    """What `gatehouse status` prints."""
    command = [sys.executable, "-m", "gateway", "status", "--admin", gateway.admin[7:]]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_what_envoy_rejects_is_a_broken_edit_and_the_old_state_is_in_force_again(
    stage: Stage,
) -> None:
    """Envoy takes certificates on three curves only; OpenSSL, and so our own check, on any."""
    gateway = stage.gateway
    certificate, key = odd_certificate(gateway.folder)
    (route,), (backend,) = gateway.config["routes"], gateway.config["backends"]
    odd = {
        "name": "odd",
        "endpoints": [stage.two.address],
        "tls": {
            "server_name": "odd.test",
            "ca": str(certificate),
            "certificate": str(certificate),
            "key": str(key),
        },
    }
    stage.one.seen.clear()
    stage.two.seen.clear()
    with traffic({"echo": stage.caller("echo"), "delete": stage.caller("delete")}) as flow:
        gateway.write_config(
            backends=[{**backend, "endpoints": [stage.two.address]}, odd],
            routes=[route, {**route, "name": "odd", "path": "/odd", "backend": "odd"}],
        )
        assert stage.broken() == f"Envoy rejects clusters; {gateway.folder}/run/envoy.log says why"
        back = time.monotonic()
        assert flow.since(back) == {("echo", "ok"), ("delete", "-31403")}
        assert {result for _, result in flow.results()} == {"ok", "-31403"}
        reached = len(stage.two.seen)
        flow.since(time.monotonic())
        assert len(stage.two.seen) == reached
    assert "odd" not in envoy_clusters(gateway)


def envoy_clusters(gateway: Gateway) -> set[str]:
    """The names of the clusters that Envoy has."""
    admin = gateway.config["service"]["envoy_admin"]
    lines = httpx.get(f"http://{admin}/clusters").text.splitlines()
    return {line.partition("::")[0] for line in lines}


def odd_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate on a curve that Envoy does not take, and its key."""
    key = ec.generate_private_key(ec.SECP256K1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "odd.test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "odd.pem", folder / "odd.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
