"""`gatehouse status`: what a running gateway says of itself."""

import json
from pathlib import Path

import pytest

from tests.cli.command import SECRETS, gatehouse, without_secrets
from tests.support.gatehouse import allow
from tests.support.gatehouse import gatehouse as running_gateway
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port


def test_a_running_gateway_tells_what_is_in_force(tmp_path: Path) -> None:
    nobody = {"tracker": ["http://127.0.0.1:1/mcp"]}
    with running_gateway(tmp_path, backends=nobody, policies=[allow("reads")]) as gateway:
        admin = gateway.admin.removeprefix("http://")
        secrets = (*SECRETS, gateway.config["identity"]["keys"][0]["sha256"])
        text = without_secrets(gatehouse("status", "--admin", admin), secrets)
        document = json.loads(gatehouse("status", "--admin", admin, "--json").stdout)
    assert text.exit_code == 0, text.output
    assert "ready: True" in text.stdout
    assert "snapshot: 1" in text.stdout
    assert "127.0.0.1:1" in text.stdout
    assert document["ready"] is True
    assert document["policies"] == ["reads"]
    assert document["configuration_error"] == ""
    (worker,) = document["workers"]
    assert worker == {"index": 0, "pid": worker["pid"], "running": True, "restarts": 0}
    assert document["endpoints"][0]["endpoint"] == "127.0.0.1:1"


def test_nobody_there_is_told() -> None:
    admin = f"127.0.0.1:{free_port()}"
    result = gatehouse("status", "--admin", admin)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"no gateway answers on {admin}: ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"ready": false}'])
def test_what_is_no_ready_gateway_is_a_failure(body: bytes) -> None:
    class Other(Handler):
        def do_GET(self) -> None:  # noqa: N802  http.server calls it
            self.answer(200, body)

    with serving(Other) as admin:
        assert gatehouse("status", "--admin", admin).exit_code == 1
