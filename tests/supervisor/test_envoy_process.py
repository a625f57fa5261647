import sys
from pathlib import Path

import pytest

from gateway.supervisor import envoy_process as module
from gateway.supervisor.envoy_process import EnvoyFailedError, EnvoyProcess
from tests.support.ports import free_port

ADMIN = """
import http.server, sys
class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Admin).serve_forever()
"""


def stand_in(folder: Path, code: str) -> EnvoyProcess:
    """A program in Envoy's place: what matters is its admin address, its log and its end."""
    port = free_port()
    command = [sys.executable, "-c", code, str(port)]
    return EnvoyProcess(command, folder / "envoy.log", f"127.0.0.1:{port}")


async def test_it_is_started_when_its_admin_address_says_so_and_ends_on_demand(
    tmp_path: Path,
) -> None:
    envoy = stand_in(tmp_path, ADMIN)
    await envoy.start()
    assert envoy.pid is not None
    await envoy.stop()
    assert envoy.pid is None
    assert await envoy.wait() != 0
    await envoy.stop()


async def test_one_that_ends_at_once_is_told_with_its_last_errors(tmp_path: Path) -> None:
    code = "print('[warning] a'); print('[1][error] cannot bind'); raise SystemExit(1)"
    envoy = stand_in(tmp_path, code)
    with pytest.raises(EnvoyFailedError) as told:
        await envoy.start()
    assert str(told.value) == "Envoy ended:\n[1][error] cannot bind"
    assert envoy.pid is None


async def test_one_that_never_gets_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_SECONDS", 0.3)
    envoy = stand_in(tmp_path, "import time; print('thinking', flush=True); time.sleep(100)")
    with pytest.raises(EnvoyFailedError, match="Envoy is not ready"):
        await envoy.start()
    assert envoy.pid is None
